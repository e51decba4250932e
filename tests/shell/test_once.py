"""What a dry run still asks when its time is over."""

from __future__ import annotations

import asyncio

import pytest

from bootstrap.config.errors import Exit
from bootstrap.dns import questions
from bootstrap.run import look, once
from tests.discovery.support import WINDOW
from tests.shell import watching
from tests.statefulset import needs, sets

TURN = 5
"""Of the form that tells addresses without names: the node at each has to say whose it is."""


def test_whose_turn_it_is() -> None:
    form = questions.FORMS[TURN]
    assert form is not None
    assert (form.about, form.of) == ("service", "addresses")


def test_a_pod_that_hangs_is_told_by_name_however_little_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # One look, as on a machine where it takes longer than all there is time for.
    monkeypatch.setattr(look, "_SECONDS", 0.0)
    wall = (TURN + 0.5) * WINDOW

    async def dry_run(app: sets.LocalStatefulSet) -> int:
        async with watching.observer(app, 0, wall=lambda: wall) as watch:
            return await once.dry_run(watch, "text")

    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)
        app[1].pause()
        try:
            assert asyncio.run(dry_run(app)) == Exit.NOT_YET
        finally:
            app[1].resume()
    said = capsys.readouterr().out
    assert f"waiting for redis-app-1: Redis at {app[1].address}:6379 to answer" in said
    assert "no answer in time" in said
