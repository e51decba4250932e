"""All other nodes forgot some of the pods, which come back with their volumes, and know the others.

They know one another too, and that is of no use: an election asks the owners of slots.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import oracle, pod, sets


def forget(app: sets.LocalStatefulSet, ids: Iterable[str], by: Iterable[pod.Pod]) -> None:
    """As the runbook has it: one node after the other, everywhere, until no node knows them."""
    wanted, some = set(ids), list(by)

    def forgotten() -> bool:
        for one in some:
            for node_id in wanted & known(one):
                one.ask("CLUSTER", "FORGET", node_id)
        return not any(wanted & known(one) for one in some)

    forming.until(forgotten, lambda: [one.cluster_nodes() for one in some])


def known(one: pod.Pod) -> set[str]:
    """Ids of the nodes that a pod's node knows."""
    return {line.split()[0] for line in one.cluster_nodes().splitlines()}


def slots(one: pod.Pod) -> list[str]:
    """The slots that a pod's node owns, by its own word."""
    mine = next(line for line in one.cluster_nodes().splitlines() if "myself" in line)
    return mine.split()[8:]


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_two_pods_that_were_scaled_in(name: str) -> None:
    """Scaled out, in, all moved, forgotten everywhere, scaled out again with the old volumes."""
    with keeping.formed(name) as app:
        later = [app.add_pod(), app.add_pod()]
        keeping.bring_back(app, later)
        keeping.down(app, later, moved=False)
        rest = app.pods[:6]
        keeping.down(app, rest)
        for one in rest:
            one.start_sidecar()
            one.start_server()
        forming.until(lambda: all(one.running for one in rest), app.report)
        forming.until(lambda: linked(rest), lambda: [one.cluster_nodes() for one in rest])
        forget(app, gone(app, later), rest)
        oracle.wait_healthy(rest, 60)
        for one in later:
            one.move(app.addresses.fresh())
        keeping.bring_back(app, later)
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


def gone(app: sets.LocalStatefulSet, pods: Iterable[pod.Pod]) -> set[str]:
    """Ids of pods that are down, by their names in the first pod's view."""
    names = [one.fqdn for one in pods]
    lines = app[0].cluster_nodes().splitlines()
    return {line.split()[0] for line in lines if any(name in line for name in names)}


def linked(some: list[pod.Pod]) -> bool:
    """Whether nothing is wrong with these pods but that they know of others."""
    expected = ("none of the pods is", "unknown node", "in all", "fail")
    return all(any(words in one for words in expected) for one in oracle.problems(some))


@pytest.mark.enumerates
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_whole_shard(name: str) -> None:
    """Its slots have no other owner: it is taken back with them, and with all of its keys."""
    with keeping.formed(name) as app:
        owner = app[0]
        shard = [owner, *(one for one in app.pods if follows(one, owner))]
        rest = [one for one in app.pods if one not in shard]
        ids = {one.node_id() for one in shard}
        owned = slots(owner)
        keeping.down(app, shard)
        forget(app, ids, rest)
        keeping.bring_back(app, shard)
        assert slots(owner) == owned
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


def follows(one: pod.Pod, primary: pod.Pod) -> bool:
    """Whether a pod's node is a replica of the other's."""
    mine = next(line for line in one.cluster_nodes().splitlines() if "myself" in line)
    return mine.split()[3] == primary.node_id()
