"""Makes `python -m eightytwenty` the command line."""

from eightytwenty.cli import main

main()
