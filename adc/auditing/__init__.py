"""Auditing: what a stored log proves, and what in it, or beside it, can't be as adc wrote it."""
