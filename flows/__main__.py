"""Makes `python -m flows` the command line."""

from flows.cli.main import main

main()
