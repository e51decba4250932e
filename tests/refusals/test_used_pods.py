"""A pod that is not blank: nothing is formed around it, and nothing of it is taken away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.refusals import asking, clusters, dumps
from tests.statefulset import needs, sets

KEEP = "DESTRUCTIVE: only if its data may go: give redis-app-"


@pytest.mark.parametrize("holder", [0, 1])
def test_keys(blank: sets.LocalStatefulSet, holder: int) -> None:
    """The seed's own, or a peer's."""
    clusters.own_everything(blank[holder])
    clusters.fill(blank[holder])
    says = ["pod-has-keys", f"redis-app-{holder} holds 5 keys", "expected an empty node", KEEP]
    blocked = asking.BLOCKED
    asking.refused(blank[0], blank.pods, dry=blocked, once=blocked, says=says)


def test_keys_that_came_with_the_volume(bare: sets.LocalStatefulSet) -> None:
    """A server without nodes.conf claims the slots of the keys that it finds."""
    dumps.put(bare[1])
    bare.start_servers()
    asking.announce(bare.pods)
    says = ["redis-app-1 holds 3000 keys", "redis-app-1 owns slots", "expected 5461-10921", KEEP]
    blocked = asking.BLOCKED
    asking.refused(bare[0], bare.pods, dry=blocked, once=blocked, says=says)
    own = ["redis-app-1 knows no other node, yet has 3000 keys", "expected a blank node", KEEP]
    asking.refused(bare[1], bare.pods, dry=blocked, once=blocked, says=own)


@pytest.mark.parametrize("holder", [0, 1])
def test_slots(blank: sets.LocalStatefulSet, holder: int) -> None:
    blank[holder].ask("CLUSTER", "ADDSLOTS", 7)
    laid_out = "0-5460" if holder == 0 else "5461-10921"
    says = ["pod-has-slots", f"redis-app-{holder} owns slot 7", f"expected {laid_out}", KEEP]
    blocked = asking.BLOCKED
    asking.refused(blank[0], blank.pods, dry=blocked, once=blocked, says=says)


def test_a_lone_owner_of_slots_is_no_cluster_to_join(blank: sets.LocalStatefulSet) -> None:
    """What becomes of it is for the seed to say; joined, it would be a cluster full of holes."""
    blank[1].ask("CLUSTER", "ADDSLOTS", 7)
    says = ["redis-app-0", "to form the cluster", "what does redis-app-0 wait for"]
    shown = asking.ask(blank[2], "--dry-run")
    assert shown.status == asking.NOT_YET, shown
    assert all(one in shown.text for one in says), shown
    assert "meet" not in shown.text
    blocked = asking.BLOCKED
    own = ["redis-app-1 knows no other node", "slot 7", "expected a blank node", KEEP]
    asking.refused(blank[1], blank.pods, dry=blocked, once=blocked, says=own)


def test_one_node_id_in_two_pods(bare: sets.LocalStatefulSet) -> None:
    bare[1].start_server()
    bare[1].wait_server_up()
    bare[1].kill_server()
    shutil.copy(bare[1].data / "nodes.conf", bare[2].data / "nodes.conf")
    bare.start_servers()
    asking.announce(bare.pods)
    twice = bare[1].node_id()
    says = [
        f"redis-app-1 and redis-app-2 both say they are node {twice}",
        "only if redis-app-2 is the copy: give redis-app-2 an empty volume",
    ]
    blocked = asking.BLOCKED
    asking.refused(bare[0], bare.pods, dry=blocked, once=blocked, says=says)


@pytest.fixture
def elsewhere() -> Iterator[sets.LocalStatefulSet]:
    """Another StatefulSet's cluster, with keys."""
    with sets.LocalStatefulSet(
        3, needs.any_server(), replicas_per_shard=0, name="redis-other"
    ) as app:
        app.start_servers()
        asking.announce(app.pods)
        clusters.form(app.pods)
        with app[0].client() as client:
            client.set("{b}", "of the other cluster")  # Slot 3300: the first pod's.
        yield app


def let_in(app: sets.LocalStatefulSet, other: sets.LocalStatefulSet, *, named: bool) -> None:
    """Make our second pod a member of the other cluster, whose nodes may not say whose they are."""
    for pod in [] if named or not asking.carries_names(app[1]) else other.pods:
        pod.ask("CONFIG", "SET", "cluster-announce-hostname", "")
    clusters.meet(app[1], other[0])
    clusters.wait_knowing([app[1], *other.pods], 4)


@pytest.mark.parametrize(
    ("seen_by", "named"),
    [(0, True), (0, False), (1, True)],
    ids=["seen by the seed", "nameless", "seen by itself"],
)
def test_in_another_cluster(
    blank: sets.LocalStatefulSet, elsewhere: sets.LocalStatefulSet, seen_by: int, *, named: bool
) -> None:
    """Both clusters stay what they are."""
    let_in(blank, elsewhere, named=named)
    everybody = [*blank.pods, *elsewhere.pods]
    says = ["redis-app-1", elsewhere[0].address, "redis-cli CLUSTER NODES"]
    blocked = asking.BLOCKED
    asking.refused(blank[seen_by], everybody, dry=blocked, once=blocked, says=says)
    assert elsewhere[0].ask("GET", "{b}") == "of the other cluster"


def test_in_another_cluster_that_says_nothing_as_it_sees_itself(
    blank: sets.LocalStatefulSet, elsewhere: sets.LocalStatefulSet
) -> None:
    """It would leave it to the seed for three seconds; a dry run tells at once."""
    let_in(blank, elsewhere, named=False)
    shown = asking.ask(blank[1], "--dry-run")
    assert shown.status == asking.BLOCKED, shown
    assert shown.has_line(["redis-app-1", elsewhere[0].address]), shown
