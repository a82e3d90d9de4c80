"""Pages: what is asked of those that a file consists of, and how free ones are given back."""

from typing import Final

PAGE: Final = 2_048
"""In bytes, in a file that adc makes. A commit writes whole pages, and adds a checksum to each: with SQLite's 4,096 a
job that is scheduled singly costs 5 µs more."""
AUTO_VACUUM: Final = "PRAGMA auto_vacuum"
INCREMENTAL: Final = 2
"""What it says of files that adc has made."""
FREE_PAGES: Final = "PRAGMA freelist_count"
PAGES: Final = "PRAGMA page_count"
PAGE_SIZE: Final = "PRAGMA page_size"
AT_ONCE: Final = 250
"""So many are given back in a transaction, which takes some milliseconds."""
GIVE_BACK: Final = f"PRAGMA incremental_vacuum({AT_ONCE})"

SYNCHRONOUS: Final = "PRAGMA synchronous"
