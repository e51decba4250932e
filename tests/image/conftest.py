"""The image, built once for all tests of a run, whichever process asks first."""

from __future__ import annotations

import fcntl
import os

import pytest

from tests.image import build, tools
from tests.statefulset.servers import REPOSITORY

FOLDER = REPOSITORY / ".image"
"""The base stays there for the next run, the rest until then."""


@pytest.fixture(scope="session")
def image() -> build.Image:
    """The image, built from what is here now."""
    if reason := tools.missing():
        pytest.skip(reason)
    FOLDER.mkdir(exist_ok=True)
    # The folder ignores itself, whatever the repository's own .gitignore says.
    (FOLDER / ".gitignore").write_text("*\n")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = FOLDER / "built-in-run"
        if not stamp.exists() or stamp.read_text() != run:
            build.make(FOLDER)
            stamp.write_text(run)
        return build.read(FOLDER)
