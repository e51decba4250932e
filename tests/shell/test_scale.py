"""`scale` where there is little to scale, and words of the command line that do not go together."""

from __future__ import annotations

import json

import pytest

from bootstrap.config import arguments
from tests.formation import forming
from tests.shell import alone


def test_while_the_own_server_is_down_the_headline_says_why() -> None:
    with alone.one_pod() as app:
        asked = [app[0].start_sidecar(["scale", "--output", one]) for one in ("text", "json")]
        text, said = [(one.wait(forming.LONG), one.output()) for one in asked]
        assert text[0] == said[0] == 1
        assert "waiting for redis-app-0: " in text[1]
        assert json.loads(said[1])["headline"]["text"] == text[1].rstrip("\n")


def test_before_a_cluster_is_formed_nothing_would_move() -> None:
    with alone.one_pod(size=6) as app:
        app[0].start_server()
        app[0].wait_server_up()
        asked = app[0].start_sidecar(["scale", "--shards", "3"])
        assert asked.wait(forming.LONG) == 2
        first, *rest = asked.output().splitlines()
        assert first == "3 shards: no slot would move; 0 own slots now. Nothing was changed."
        assert any(line.startswith("in the way now: redis-app-1: ") for line in rest)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--wait", "--wait and --watch do not go with run"),
        ("scale --watch", "--wait and --watch do not go with scale"),
        ("status --wait --watch", "--watch: not allowed with argument --wait"),
        ("status --timeout 3", "--timeout goes with status --wait only"),
        ("status --wait --timeout 0", "expected a duration above 0"),
        ("status --shards 3", "--shards goes with scale and with status --wait only"),
        ("scale --shards hold", "expected a whole number from 1 to 16384; saw 'hold'"),
        ("status --watch --output json", "--watch does not go with --output json"),
    ],
)
def test_words_that_do_not_go_together(
    line: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(line.split())
    assert ended.value.code == 64
    assert why in capsys.readouterr().err


def test_words_that_do() -> None:
    found = arguments.parse(["status", "--wait", "--timeout", "2m", "--shards", "4"])
    assert (found.command, found.wait, found.watch) == ("status", True, False)
    assert (found.timeout, found.shards) == (120.0, 4)
    assert arguments.parse(["scale"]).shards is None
