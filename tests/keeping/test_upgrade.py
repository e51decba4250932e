"""Servers are replaced by newer ones, one pod after the other, under a writer.

What docs/operations.md tells people to do, and what it warns them of.
"""

from __future__ import annotations

import pytest

from tests.keeping import fire
from tests.statefulset import needs, pod, sets


@pytest.mark.parametrize(
    ("old", "new"),
    [("redis-7.0", "redis-8.2"), ("redis-7.0", "valkey-9.1"), ("valkey-8.1", "valkey-9.1")],
)
def test_an_upgrade_loses_nothing(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last ordinal first, as a StatefulSet rolls; hand-overs lead from old to new."""
    needs.insecurity("only one server has TLS here")
    with fire.formed(old) as app:
        with fire.Fire(app) as under:
            for one in reversed(app.pods):
                one.server = needs.server(new)
                under.roll(one)
            lost = under.judge()
        with capsys.disabled():
            print(f"\n{old} to {new}: {under.report('upgrade', lost)}")
        assert lost == set()
        assert {_version(one) for one in app.pods} == {needs.server(new).version}


@pytest.mark.parametrize("new", ["valkey-8.1", "valkey-9.1", "redis-7.0"])
def test_what_a_newer_redis_wrote_nobody_else_reads(new: str) -> None:
    """From redis 7.4 on its files are of a format of its own: there is no way back, or across."""
    needs.insecurity("no such server has TLS here")
    with sets.LocalStatefulSet(
        1, needs.server("redis-8.2"), server_config={"appendonly": "yes"}
    ) as app:
        (one,) = app.pods
        one.start_server()
        one.wait_server_up()
        one.kill_server()
        one.server = needs.server(new)
        one.start_server()
        with pytest.raises(pod.PodError, match="handle RDB format version"):
            one.wait_server_up()


def _version(one: pod.Pod) -> tuple[int, ...]:
    said = one.ask("INFO", "server")
    text = said.get("valkey_version") or said["redis_version"]
    return tuple(int(part) for part in str(text).split("."))
