"""The figures and pages of a run: pure functions, data in, a figure or text out."""
