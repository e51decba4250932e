"""`python -m bootstrap`."""

from __future__ import annotations

import sys

from bootstrap import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
