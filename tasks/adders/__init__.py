"""The verbs of the experiment with adding networks."""
