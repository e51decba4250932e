"""Slots move with the rights for moving that the documentation names, and with none less.

Two primaries, without replicas, become three.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bootstrap.model import acl
from tests.acl.test_least_rights import assert_nothing_refused
from tests.formation import forming
from tests.keeping import keeping
from tests.reshard import wishing
from tests.reshard.test_functions import libraries, load
from tests.statefulset import needs, pod, sets, users

RULES: Final = {
    "valkey-9.1": (*users.RIGHTS, *acl.PUSH, *acl.PUSHED),
    "redis-8.10": (*users.RIGHTS, *acl.PULL),
}
LATER: Final = "+cluster|cancelslotmigrations"
"""Only `hold` and a hand-over need it."""
LESS: Final = [
    (name, right)
    for name, rule in RULES.items()
    for right in rule
    if right not in (*users.RIGHTS, LATER)
]
"""Each server with each right less without which no slot moves."""
ENV: Final = {
    "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true",
    "BOOTSTRAP_INTERVAL": "1",
    **users.environment(),
}


@contextlib.contextmanager
def formed(
    name: str, folder: Path, *, without: str = ""
) -> Iterator[tuple[sets.LocalStatefulSet, wishing.Wish]]:
    """Two primaries with keys; the sidecars' user has all rights but one."""
    if name.startswith("valkey"):
        needs.insecurity("valkey has no TLS here")
    some = tuple(one for one in RULES[name] if one != without)
    wish = wishing.Wish(folder)
    wish.state("2")
    with keeping.formed(
        name,
        2,
        replicas_per_shard=0,
        server_config=users.only(some),
        sidecar_env={**wish.env, **ENV},
    ) as app:
        yield app, wish


def grow(app: sets.LocalStatefulSet, wish: wishing.Wish) -> pod.Pod:
    wish.state("3")
    (new,) = wishing.scale_out(app, 1)
    return new


@pytest.mark.parametrize("name", RULES)
def test_the_rule_is_enough(name: str, tmp_path: Path) -> None:
    with formed(name, tmp_path) as (app, wish):
        load(app.pods)
        new = grow(app, wish)
        wishing.wait_even(app, 3)
        assert libraries(new) == 1
        assert keeping.missing_keys(app) == []
        assert_nothing_refused(app)


@pytest.mark.parametrize(("name", "right"), LESS)
def test_one_right_less_is_told_by_its_name(name: str, right: str, tmp_path: Path) -> None:
    with formed(name, tmp_path, without=right) as (app, wish):
        load(app.pods)
        grow(app, wish)
        forming.until(
            lambda: any(tells(one, right) for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        assert sorted(wishing.owned(app).values()) == [8192, 8192]
        assert keeping.missing_keys(app) == []
        if right in acl.PUSHED:
            return  # what has failed five times is tried again ten minutes later
        for one in app.pods:
            one.ask("ACL", "SETUSER", users.SIDECAR, right)
        wishing.wait_even(app, 3)
        assert keeping.missing_keys(app) == []


def tells(one: pod.Pod, right: str) -> bool:
    """Whether its sidecar tells that something waits, and for want of this right."""
    plan = forming.events(one, "plan")[-1:]
    return f"ACL SETUSER {users.SIDECAR}" in str(plan) and acl.typed([right]) in str(plan)


def test_ending_moves(tmp_path: Path) -> None:
    with formed("valkey-9.1", tmp_path, without=LATER) as (app, wish):
        wishing.slowly(app.pods)
        grow(app, wish)
        source, _ = wishing.wait_moving(app)
        wish.state("hold")
        forming.until(lambda: tells(source, LATER), lambda: forming.last(source))
        assert keeping.missing_keys(app) == []
