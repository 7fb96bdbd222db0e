"""Measures of generated pictures, all against real ones and none with downloaded weights."""
