"""One script per claim; each compares two things in one run, prints a ratio, and its numbers as JSON at the end."""

import tasks  # noqa: F401 - sets what TensorFlow may use, as in a run, before it is imported
