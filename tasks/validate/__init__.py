"""Checks a whole batch with Great Expectations and writes the Data Docs."""

from tasks.validate.check import BatchCheck, check_batch

__all__ = ["BatchCheck", "check_batch"]
