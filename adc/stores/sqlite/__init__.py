"""The SQLite store, by apsw."""
