"""Cleaning as Prefect tasks."""
