"""Kinds of values: what belongs to each, its plain form, and the repairs that bring a cell to it."""
