"""The tasks of the gan flow, and what they save, log and report.

All of them need TensorFlow, so it is imported here, quietly, before a module of this package imports it.
"""

from tasks.running.tensorflow import import_quietly

import_quietly()
