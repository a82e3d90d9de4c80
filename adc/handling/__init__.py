"""Handling, without IO: what handlers ask for, one attempt as a generator, and what it said as a command."""
