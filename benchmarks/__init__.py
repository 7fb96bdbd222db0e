"""One script per claim; each compares two things in one run and prints a ratio."""

import tasks  # noqa: F401 - sets what TensorFlow may use, as in a run, before it is imported
