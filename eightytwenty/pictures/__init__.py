"""Cleans pictures: every file ends as clean, quarantine or duplicate, every change in the ledger."""
