"""The command line, as in the tests of the flows."""

from tests.flows.conftest import command  # noqa: F401
