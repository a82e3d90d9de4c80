"""Ports: what adc needs of the outside, as protocols."""
