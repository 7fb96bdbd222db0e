"""Finds out what a table is: the kind of each column, how it writes its values and what it leaves out, and its keys."""
