"""One script per claim; each compares two things in one run and prints a ratio."""
