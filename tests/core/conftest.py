"""Hypothesis without its clock: a slow machine is no failure."""

from hypothesis import settings

settings.register_profile("adc", deadline=None)
settings.load_profile("adc")
