"""What the gan flow does: its tasks, and what they keep, log and report.

All of it needs TensorFlow, so it is imported here, quietly, before a module of this package imports it aloud.
"""

from tasks.running.tensorflow import import_quietly

import_quietly()
