"""What no healer may settle by itself: a person is told, and our own pods go on being healed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import pytest

from tests.formation import forming
from tests.keeping import keeping, neighbours
from tests.refusals import asking
from tests.statefulset import oracle, pod, views


def wait_blocked(pods: Iterable[pod.Pod], code: str) -> None:
    """Wait until each is blocked by it, not ready because of it, and says where to read on."""
    some = list(pods)
    forming.until(
        lambda: all(code in keeping.blocked(one) for one in some),
        lambda: {one.name: (keeping.blocked(one), forming.phase(one)) for one in some},
    )
    for one in some:
        status, why = forming.answers(one)
        assert status == 503
        assert code in why
        told = [plan for plan in forming.events(one, "plan") if code in plan.get("blocked", "")]
        assert told[-1]["runbook"].startswith("docs/runbook.md#")


def settled_at(one: pod.Pod, others: Iterable[pod.Pod]) -> bool:
    """Whether a pod is linked, and everybody knows it where it is."""
    own = views.read(one)
    if isinstance(own, str) or own.link != "up":
        return False
    lines = [
        view.line(own.node_id) for view in map(views.read, others) if isinstance(view, views.View)
    ]
    return all(line and line.connected and line.address == own.address for line in lines)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_node_that_somebody_met_by_hand(name: str) -> None:
    """Nobody undoes it; a pod of ours that moves meanwhile is met; and it ends as the text says."""
    with neighbours.beside(name, 2) as (app, db):
        asking.announce(db.pods)
        stranger, mover = db[0], app[4]
        before = neighbours.ids(app) | {stranger.node_id()}
        app[0].ask("CLUSTER", "MEET", stranger.address, stranger.port)
        wait_blocked(app.pods, "foreign-node")
        shown = asking.ask(mover, "--dry-run")
        assert shown.status == asking.BLOCKED
        forget = f"redis-app-$i -c redis -- redis-cli CLUSTER FORGET {stranger.node_id()}"
        for said in (stranger.fqdn, stranger.address, forget, "explain foreign-node"):
            assert said in shown.text

        keeping.down(app, [mover])
        mover.start_sidecar()
        mover.start_server()
        mover.wait_server_up()
        forming.until(lambda: settled_at(mover, app.pods), app[0].cluster_nodes)
        wait_blocked(app.pods, "foreign-node")
        assert all(neighbours.known(one) == before for one in app.pods)
        assert not keeping.missing_keys(app)

        gone = stranger.node_id()
        stranger.ask("CLUSTER", "RESET")
        for one in app.pods:
            one.ask("CLUSTER", "FORGET", gone)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.2"])
def test_a_volume_that_is_the_copy_of_another(name: str) -> None:
    """Two pods are one node; the others say so, and the copy may be emptied."""
    with keeping.formed(name) as app:
        original, copy = app[4], app[5]
        keeping.down(app, [original, copy], moved=False)
        shutil.rmtree(copy.data)
        shutil.copytree(original.data, copy.data)
        for one in (original, copy):
            one.start_sidecar()
            one.start_server()
            one.wait_server_loaded()
        assert original.node_id() == copy.node_id()
        wait_blocked(app.pods[:4], "duplicate-node-id")
        assert not keeping.missing_keys(app)
        keeping.down(app, [copy], wipe=True)
        keeping.bring_back(app, [copy])
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", ["redis-8.2", "redis-7.0"])
def test_two_halves_that_a_person_parted(name: str) -> None:
    """Each owns slots and has forgotten the other; nobody brings them together again but a person.

    Each half alone would seem to have lost what the other owns, which it has not. Not on valkey
    9.1: there the halves do not stay as they were parted (once in two runs, by no MEET of ours).
    """
    with keeping.formed(name) as app:
        halves = ([app[0], app[3]], [app[1], app[2], app[4], app[5]])
        parted = [[(one, other.node_id()) for one in half for other in app.pods
                   if other not in half] for half in halves]  # fmt: skip
        for one, node_id in (pair for pairs in parted for pair in pairs):
            one.ask("CLUSTER", "FORGET", node_id)
        wait_blocked(app.pods, "split")
        for one in app.pods:
            assert "lost-slots" not in keeping.blocked(one)
        known = [neighbours.known(one) for one in app.pods]
        assert {len(ids) for ids in known} == {2, 4}
        shown = asking.ask(app[5], "--dry-run")
        assert shown.status == asking.BLOCKED
        for said in (
            "redis-app-0, redis-app-3; redis-app-1, redis-app-2",
            "explain split",
            "kubectl",
        ):
            assert said in shown.text
