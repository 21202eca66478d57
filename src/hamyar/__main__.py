"""`python -m hamyar`."""

from hamyar.cli import main

main()
