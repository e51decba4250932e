"""IPv6 only, for real. Pods of one family with names of the other are in test_dns."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.refusals import asking
from tests.statefulset import needs, servers


def test_a_set_that_has_nothing_else_forms() -> None:
    needs.any_server()
    for tool in ("unshare", "ip"):
        if not shutil.which(tool):
            pytest.skip(f"no network of one's own here: {tool} is missing")
    enter = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "-r", "--net"]
    probe = [*enter, "sh", "-c", "ip link set lo up && ip addr add fd00::1/128 dev lo"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no network of one's own here: `unshare --net` or IPv6 does not work")
    done = subprocess.run(
        [*enter, sys.executable, "-m", "tests.refusals.ipv6_only"],
        cwd=servers.REPOSITORY,
        capture_output=True,
        text=True,
        timeout=2 * asking.LONG,
        check=False,
    )
    assert done.returncode == 0, done.stderr
