"""Drivers: who performs what the runner's loop and the attempts wish for."""
