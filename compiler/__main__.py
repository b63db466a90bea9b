"""`python -m tapeless` is the command `tapeless`."""

from tapeless.cli import main

main()
