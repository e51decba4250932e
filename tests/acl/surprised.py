"""The sidecar, but that whoever logs in meets what nobody has foreseen, with the password at hand.

Runs as `python -m bootstrap` does. What is raised holds all that may hold a password here, as words.
"""

from __future__ import annotations

import runpy
from typing import NoReturn

from bootstrap.redis import connection

WORDS = "nobody has foreseen this"


def _surprise(self: connection.Connection, password: str | None) -> NoReturn:
    assert password
    raise RuntimeError(f"{WORDS}: {self._access!r} {vars(self)!r}")


if __name__ == "__main__":
    connection.Connection._new = _surprise  # type: ignore[method-assign]
    runpy.run_module("bootstrap", run_name="__main__", alter_sys=True)
