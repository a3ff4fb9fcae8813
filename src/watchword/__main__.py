"""`python -m watchword` is the command line."""

from watchword.cli.main import main

main()
