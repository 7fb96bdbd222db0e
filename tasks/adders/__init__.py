"""The tasks of the experiment with adding networks."""
