"""Kinds of values: what belongs to each, its plain form, and the repairs that lead there."""
