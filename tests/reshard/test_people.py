"""What a person asks of slots that are to move, and sees while they do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.refusals import fingerprints
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import pod as pods
from tests.statefulset import terminal

SLOW: Final = 500_000
"""Microseconds that the server takes for each key that it sends."""


def scale(one: pods.Pod, shards: int) -> tuple[int, dict[str, Any]]:
    """Exit status, and what would move."""
    status, text = roles.beside(one, "scale", "--shards", str(shards), "--output", "json")
    found: dict[str, Any] = json.loads(text)
    return status, found


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_what_would_move_is_told_by_any_pod_and_nothing_is_changed(
    name: str, tmp_path: Path
) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        before = fingerprints.of(app.pods)
        for one in (app[0], app[4]):
            status, found = scale(one, 4)
            assert (status, found["blocked"], found["waiting"]) == (2, [], [])
            assert (found["slots_to_move"], found["hand_offs"]) == (4096, 3)
            assert found["missing"] == ["redis-app-6", "redis-app-7"]
            assert found["new_primaries"] == ["redis-app-6"]
            assert 0 < found["keys"] < keeping.KEYS / 2
        status, text = roles.beside(app[5], "scale", "--shards", "4")
        assert status == 2
        assert f"mounted as {wish.file} in the container" in text
        assert f"""CONFIGMAP --type merge -p '{{"data":{{"{wish.file.name}":"4"}}}}'""" in text
        assert " redis-app --replicas=8\n" in text
        assert scale(app[1], 3)[0] == 0
        status, found = scale(app[1], 2)
        assert (status, found["blocked"][0]["code"]) == (3, "wish-too-small")
        status, text = roles.beside(app[2], "scale")
        assert status == 0
        assert text.startswith("3 shards own slots; 3 shards are wished. Nothing was changed.\n")
        assert fingerprints.changes(before, fingerprints.of(app.pods)) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_move_is_waited_for_and_watched(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        for one in app.pods[:2]:
            one.ask("CONFIG", "SET", "rdb-key-save-delay", SLOW)
        waiting = app[0].start_sidecar(["status", "--wait", "--shards", "4", "--timeout", "5m"])
        app[0].sidecars.insert(0, app[0].sidecars.pop())
        forming.until(lambda: "not all nodes show 4 shards" in waiting.output(), waiting.output)
        command = [sys.executable, "-m", "bootstrap", "status", "--watch"]
        with terminal.Terminal(
            command, app[4].sidecar_environment(), rows=60, columns=220
        ) as screen:
            forming.until(lambda: "HEALTHY" in screen.said, lambda: screen.said)
            wish.state("4")
            status, text = roles.beside(app[5], "status")
            assert status == 2
            assert "progress: 4 shards wished, 3 own slots; 1 new primary node to come;" in text
            wishing.scale_out(app, 2)
            # The first two of three moves take seconds. During the first, the new primary owns
            # nothing, and is shown as a shard; during the second, a third of the slots has come.
            forming.until(lambda: "waits for slots" in screen.said, lambda: screen.said)
            told = "redis-app-6 has 1365 of 4096 slots (33 %)"
            forming.until(lambda: told in waiting.output(), waiting.output)
            forming.until(
                lambda: f"progress: 4 shards wished, 4 own slots; {told}" in screen.said,
                lambda: screen.said,
            )
            assert waiting.wait(forming.LONG) == 0, waiting.output()
            assert sorted(owned(app).values()) == [4096] * 4
            forming.until(
                lambda: screen.said.rpartition("\x1b[H")[2].startswith(
                    "\x1b[32mHEALTHY\x1b[0m: 8 nodes, 4 shards. "
                ),
                lambda: screen.said,
            )
            screen.press(terminal.CTRL_C)
            assert screen.wait(forming.LONG) == 0
        status, found = scale(app[7], 3)
        assert (status, found["drained"]) == (0, ["redis-app-6"])
        assert found["not_needed"] == ["redis-app-6", "redis-app-7"]
        assert (found["slots_to_move"], found["seconds_measured_here"]) == (4096, True)
