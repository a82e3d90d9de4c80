"""`python -m adc` is `adc`."""

from adc.cli import main

main()
