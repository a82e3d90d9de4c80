"""adc: a background job queue in one SQLite file, for typed Python."""
