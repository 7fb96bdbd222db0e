"""Check a whole batch with Great Expectations and write down what was found."""

from tasks.validate.check import BatchCheck, check_batch

__all__ = ["BatchCheck", "check_batch"]
