"""Codecs: bytes to values and back, pure."""
