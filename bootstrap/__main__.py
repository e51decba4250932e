"""`python -m bootstrap`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bootstrap.run import early


def main(arguments: Sequence[str]) -> int:
    """Let Redis start as soon as that is right, load the rest meanwhile, and run."""
    begun = None if arguments else early.begin()
    from bootstrap import cli  # noqa: PLC0415 - what takes longest

    return cli.main(arguments, begun)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
