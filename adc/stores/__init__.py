"""Stores: where jobs and their log are kept."""
