"""The command line: what `adc` is, once its two packages are there."""

import sys
from importlib.util import find_spec

MISSING = "adc: the command line needs click and rich: pip install 'aide-de-camp[cli]'\n"


def main() -> None:
    """Run `adc` with the arguments of this process, and exit with its code."""
    if find_spec("click") is None or find_spec("rich") is None:
        sys.stderr.write(MISSING)
        sys.exit(2)
    from adc.cli.program import start  # noqa: PLC0415  it imports click, which may not be there

    sys.exit(start())
