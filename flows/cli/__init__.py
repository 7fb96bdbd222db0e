"""The workflow's part of the command line."""
