"""A replica of an empty primary that is gone for good follows another one."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import Replicate
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.timers import Timers
from bootstrap.model.wish import Wish, Wished
from bootstrap.plan.verdict import LookFurther, Plan
from tests.core import build
from tests.core.resharding import changed, grown, mine, pod, seen

GHOST = build.line(6, "master,fail")


def lines(*more: str, ghost: str = GHOST) -> list[str]:
    """Pod 7 follows the node that pod 6 had; `more` are further nodes."""
    return [*grown()[:6], ghost, build.line(7, "slave", "n6"), *more]


def look(some: list[str], six: Pod, *, wish: int = 4, **more: object) -> Snapshot:
    text = str(wish)
    at = {n: pod(some, n, text) for n in range(6)}
    at[7] = changed(pod(some, 7, text), **{"link_up": False, **more})
    found = seen(some[:8], wish=wish, at={**at, 6: six})
    return dataclasses.replace(found, timers=Timers(idle=600.0))


def renewed(wish: int = 4, **more: object) -> Snapshot:
    """Pod 6 lost its volume, and is another node now."""
    all_lines = lines(build.line(6).replace("n6 ", "m6 ", 1))
    own = mine(all_lines, 8)
    name = f"redis-app-6/-/-/{wish}"
    six = build.own(6, own, ok=True, cluster_announce_human_nodename=name)
    return look(all_lines, six, wish=wish, **more)


def gone() -> Snapshot:
    """Pod 6 was scaled away."""
    return look(lines(), build.pod(6, resolved=Name(state="absent")), wish=3)


def followed(snapshot: Snapshot) -> str | None:
    found = planning.decide(snapshot, build.topology(7))
    assert isinstance(found, Plan), found
    acts = [one for step in found.steps[:1] for one in step.actions]
    return next((one.primary for one in acts if isinstance(one, Replicate)), None)


def test_it_follows_the_new_node_of_that_pod_if_that_waits_for_slots() -> None:
    assert followed(renewed()) == "redis-app-6"


@pytest.mark.parametrize("snapshot", [renewed(3), gone()], ids=["renewed", "gone"])
def test_else_it_follows_an_owner(snapshot: Snapshot) -> None:
    assert followed(snapshot) in {"redis-app-0", "redis-app-1", "redis-app-2"}


def test_it_stays_with_keys_or_a_link() -> None:
    assert followed(renewed(keys=1)) is None
    assert followed(renewed(link_up=True)) is None


def test_it_stays_where_its_primary_may_come_back_or_owns_slots() -> None:
    assert followed(look(lines(), build.pod(6, "timeout"))) is None
    owner = build.line(6, "master,fail", slots="16000-16383")
    spare = [*lines(ghost=owner)]
    spare[2] = build.line(2, slots="10922-15999")
    assert followed(look(spare, build.pod(6, resolved=Name(state="absent")), wish=3)) is None


def test_our_own_node_alone_shows_that_all_have_to_be_looked_at() -> None:
    one = changed(pod(lines(), 7), link_up=False)
    wished = Wished(wish=Wish(4))
    alone = build.snapshot(one, scope=Scope.LOCAL, wished=wished)
    found = planning.decide(alone, build.topology(7))
    assert isinstance(found, LookFurther)
    assert "whether its primary comes back" in found.why
