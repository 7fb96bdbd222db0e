"""Cleans tables and pictures, with every row accounted for."""
