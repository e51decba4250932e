"""Slots that a reshard left open are told, by whoever looks; nothing is done to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import oracle, pod, sets

SLOT: Final = 100
"""One of the first shard's."""
SERVERS: Final = (*keeping.SERVERS, "valkey-8.1")


@pytest.fixture(scope="module", params=SERVERS)
def formed(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    """It is without open slots before each test."""
    with keeping.formed(request.param) as app:
        yield app


def parties(app: sets.LocalStatefulSet) -> tuple[pod.Pod, pod.Pod]:
    """The primary that owns the slot, and another."""
    some = roles.primaries(app)
    owner = next(one for one in some if " 0-5460" in own_line(one))
    return owner, next(one for one in some if one is not owner)


def own_line(one: pod.Pod) -> str:
    (line,) = [line for line in one.cluster_nodes().splitlines() if "myself" in line]
    return line


def open_slot(source: pod.Pod, target: pod.Pod) -> None:
    target.ask("CLUSTER", "SETSLOT", SLOT, "IMPORTING", source.node_id())
    source.ask("CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.node_id())


def linked(one: pod.Pod) -> bool:
    return bool(one.ask("INFO", "replication").get("master_link_status") == "up")


def close(app: sets.LocalStatefulSet) -> None:
    """End it on the owners. Valkey tells their replicas of that, as far as they are linked."""
    forming.until(
        lambda: all(
            linked(one) for shard in roles.primaries(app) for one in roles.replicas(app, shard)
        ),
        lambda: [linked(one) for one in app.pods],
    )
    for one in roles.primaries(app):
        one.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")
    forming.until(
        lambda: roles.beside(app[0], "status")[0] == 0, lambda: roles.beside(app[0], "status")
    )


def trouble(one: pod.Pod) -> str:
    """What status, asked in a pod, says of open slots: the trouble and what to do."""
    status, text = roles.beside(one, "status")
    assert status == 2, text
    found = [line for line in text.splitlines() if "TROUBLE open-slots" in line]
    assert found, text
    assert "to do:" in text
    dry, said = roles.beside(one, "--dry-run")
    assert (dry, "TROUBLE open-slots" in said, "nothing to do" in said) == (2, True, False), said
    return text


def test_open_on_both_sides(formed: sets.LocalStatefulSet) -> None:
    source, target = parties(formed)
    open_slot(source, target)
    text = trouble(formed[5])
    assert f"{source.name}: slot {SLOT} is open, migrating to {target.name}" in text
    assert f"{target.name} -c redis -- redis-cli CLUSTER COUNTKEYSINSLOT {SLOT}" in text
    assert f"SETSLOT {SLOT} NODE {target.node_id()}" in text
    content, _ = oracle.redis_cli_check(source)
    assert not content
    close(formed)


def test_open_on_one_side_only(formed: sets.LocalStatefulSet) -> None:
    source, target = parties(formed)
    open_slot(source, target)
    target.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")
    assert f"does not have {SLOT} open, only {source.name} has" in trouble(formed[5])
    open_slot(source, target)
    source.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")
    text = trouble(formed[5])
    assert f"{target.name}: slot {SLOT} is open, importing from {source.name}" in text
    assert f"does not have {SLOT} open, only {target.name} has" in text
    close(formed)


def test_over_a_restart(formed: sets.LocalStatefulSet) -> None:
    """nodes.conf keeps them."""
    source, target = parties(formed)
    open_slot(source, target)
    source.ask("CLUSTER", "SAVECONFIG")
    source.kill_server()
    source.start_server()
    source.wait_server_up()
    forming.until(
        lambda: "TROUBLE open-slots" in roles.beside(source, "status")[1], source.server_tail
    )
    trouble(source)
    close(formed)


def test_after_a_hand_over(formed: sets.LocalStatefulSet) -> None:
    """Whatever the promoted replica knows of it: the target is not closed by that."""
    source, target = parties(formed)
    (replica,) = roles.replicas(formed, source)
    open_slot(source, target)
    assert roles.hand_over(source)[1].startswith("done: "), source.sidecar.output()
    text = trouble(formed[5])
    assert f"open-slots: {replica.name}" in text or (
        f"open-slots: {target.name}: slot {SLOT} is open, importing from" in text
    )
    # The way out that is named works: nothing is on the target's side.
    assert target.ask("CLUSTER", "COUNTKEYSINSLOT", SLOT) == 0
    for one in (target, replica):
        one.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")
    forming.until(
        lambda: roles.beside(formed[0], "status")[0] == 0,
        lambda: roles.beside(formed[0], "status"),
    )


def test_the_sidecar_tells_when_it_lasts(formed: sets.LocalStatefulSet) -> None:
    """Not before a minute; its pod stays ready, and the metric shows it."""
    source, target = parties(formed)
    open_slot(source, target)
    forming.until(
        lambda: "seems to be under way" in source.http("/statusz")[1],
        lambda: source.http("/statusz")[1],
    )
    assert roles.count(source, "bootstrap_alarm", code="open-slots") == 0
    forming.until(
        lambda: roles.count(source, "bootstrap_alarm", code="open-slots") == 1,
        lambda: source.http("/statusz")[1],
    )
    *_, plan = forming.events(source, "plan")
    assert "the same for 6" in plan["trouble"] or "the same for 7" in plan["trouble"], plan
    assert forming.answers(source)[0] == 200
    close(formed)
