"""Fewer shards are wished: the last one gives all its slots away, spread over the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_four_become_three(name: str, tmp_path: Path) -> None:
    wish = wishing.Wish(tmp_path)
    wish.state("4")
    with keeping.formed(name, 8, sidecar_env=wish.env) as app, fire.Fire(app) as burning:
        assert sorted(wishing.owned(app).values()) == [4096] * 4
        wish.state("3")
        forming.until(
            lambda: sorted(wishing.owned(app).values()) == [5461, 5461, 5462],
            lambda: (wishing.owned(app), [forming.last(one) for one in app.pods]),
        )
        # The layout has pods 0 to 3 as primaries. Pod 7, which will go, is the replica of pod 3.
        assert set(wishing.owned(app)) == {0, 1, 2}
        forming.wait_ready(app.pods)
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_hold_ends_a_move_and_keeps_what_is_there(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        for one in app.pods[:3]:
            one.ask("CONFIG", "SET", "rdb-key-save-delay", 100_000)  # a move takes seconds
        wish.state("4")
        wishing.scale_out(app, 2)
        forming.until(
            lambda: any(
                "slots move from" in str(last.get("notes"))
                or "to come from" in str(last.get("waiting"))
                for one in app.pods
                for last in one.sidecar.log()[-1:]
            ),
            lambda: [one.sidecar.log()[-1:] for one in app.pods],
        )
        wish.state("hold")
        forming.until(
            lambda: all(forming.phase(one) in {"steady", "join"} for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        before = wishing.owned(app)
        assert sum(before.values()) == 16384
        assert keeping.missing_keys(app) == []
        for one in app.pods[:3]:
            one.ask("CONFIG", "SET", "rdb-key-save-delay", 0)
        wish.state("4")
        forming.until(
            lambda: sorted(wishing.owned(app).values()) == [4096] * 4,
            lambda: (wishing.owned(app), [forming.last(one) for one in app.pods]),
        )
        assert keeping.missing_keys(app) == []
