"""What runs, in which order: a flow reads like a recipe."""

import tasks  # noqa: F401 - switches every library's reporting off, before a flow imports the library
