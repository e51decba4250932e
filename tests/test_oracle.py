"""The oracle can fail: it says what is wrong with a cluster, thing by thing."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.statefulset import config, needs, oracle, process, sets, views


@pytest.fixture(scope="module")
def cluster() -> Iterator[sets.LocalStatefulSet]:
    """Six pods, formed by redis-cli."""
    client = needs.redis_cli()
    with sets.LocalStatefulSet(6, needs.any_server(), server_config=config.FAST) as app:
        app.start_servers()
        assert oracle.problems(app.pods), "six nodes that do not know each other are no cluster"
        nodes = [f"{pod.address}:{pod.port}" for pod in app.pods]
        options = ["--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(
            [client, "--cluster", "create", *nodes, *options], check=True, capture_output=True
        )
        yield app


@pytest.fixture
def healthy(cluster: sets.LocalStatefulSet) -> Iterator[sets.LocalStatefulSet]:
    """The cluster, healthy before the test and after it."""
    oracle.wait_healthy(cluster.pods, 20, replicas_per_shard=1)
    yield cluster
    oracle.wait_healthy(cluster.pods, 20, replicas_per_shard=1)


def roles(app: sets.LocalStatefulSet) -> tuple[views.View, views.View]:
    """Return a primary's view and the view of its replica."""
    seen = [view for view in map(views.read, app.pods) if isinstance(view, views.View)]
    for primary, replica in itertools.permutations(seen, 2):
        if replica.follows == primary.address:
            return primary, replica
    raise AssertionError("no replica")


def test_the_oracle_is_content_with_a_whole_cluster(healthy: sets.LocalStatefulSet) -> None:
    assert oracle.problems(healthy.pods, replicas_per_shard=1) == []
    content, said = oracle.redis_cli_check(healthy[0])
    assert content, said
    settings = oracle.temporary_settings(healthy.pods)
    assert {one["cluster-node-timeout"] for one in settings.values()} == {"1000"}


def test_the_oracle_sees_a_missing_slot(healthy: sets.LocalStatefulSet) -> None:
    primary, _ = roles(healthy)
    pod = next(pod for pod in healthy.pods if pod.name == primary.pod)
    own = primary.line(primary.node_id)
    assert own is not None
    slot = own.slots[0][0]
    pod.ask("CLUSTER", "DELSLOTS", slot)
    found = oracle.problems(healthy.pods)
    assert f"{pod.name}: 1 slots have no owner" in found
    assert any("views of slots and roles differ" in problem for problem in found)
    assert not oracle.redis_cli_check(pod)[0]
    for other in healthy.pods:  # Gossip never takes a slot away: each has to be told.
        if other.name != pod.name and "slave" not in other.ask("ROLE"):
            other.ask("CLUSTER", "DELSLOTS", slot)
    pod.ask("CLUSTER", "ADDSLOTS", slot)


def test_the_oracle_sees_a_replica_whose_link_is_down(healthy: sets.LocalStatefulSet) -> None:
    _, replica = roles(healthy)
    pod = next(pod for pod in healthy.pods if pod.name == replica.pod)
    # A login that the primary refuses breaks the replication, and leaves the bus alone.
    pod.ask("CONFIG", "SET", "masteruser", "nobody")
    pod.ask("CONFIG", "SET", "masterauth", "wrong")
    pod.ask("CLIENT", "KILL", "TYPE", "master")
    process.wait_for(
        lambda: f"{pod.name}: master_link_status:down" in oracle.problems(healthy.pods),
        timeout=10,
        what="the oracle reports the link",
    )
    pod.ask("CONFIG", "SET", "masteruser", "")
    pod.ask("CONFIG", "SET", "masterauth", "")


def test_the_oracle_sees_who_cannot_be_asked(healthy: sets.LocalStatefulSet) -> None:
    with pytest.raises(oracle.UnhealthyError, match="cannot be asked"):
        oracle.wait_healthy([*healthy.pods, healthy.add_pod()], timeout=0.1)
    healthy.pods.pop()


def test_the_oracle_sees_a_stranger(healthy: sets.LocalStatefulSet) -> None:
    found = oracle.problems(healthy.pods[:5])
    assert "6 nodes are known in all, not 5" in found
    assert any("which none of the pods is" in problem for problem in found)


Change = Callable[[views.View], views.View]


def own_line(**changes: object) -> Change:
    """Change what a node says of itself."""

    def change(view: views.View) -> views.View:
        lines = (
            dataclasses.replace(line, **changes) if line.node_id == view.node_id else line  # type: ignore[arg-type]  # any field
            for line in view.lines
        )
        return dataclasses.replace(view, lines=tuple(lines))

    return change


def field(**changes: object) -> Change:
    """Change something else that a node says."""
    return lambda view: dataclasses.replace(view, **changes)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("of", "change", "problem"),
    [
        ("primary", field(state="fail"), "cluster_state:fail"),
        ("primary", field(lines=()), "16384 slots have no owner"),
        ("primary", field(lines=()), "does not know"),
        ("primary", field(lines=()), "does not list itself"),
        ("primary", field(address="127.9.9.9:6379"), "it is at 127.9.9.9:6379"),
        ("primary", field(address="127.9.9.9:6379"), "is at 127.9.9.9:6379"),
        ("primary", field(follows="127.9.9.9:6379"), "calls itself a primary"),
        ("primary", field(node_id="f" * 40), "which none of the pods is"),
        ("primary", own_line(slots=((0, 16383),)), "slots have two owners"),
        ("primary", own_line(moving=("[7-<-abc]",)), "slots are being moved: [7-<-abc]"),
        ("primary", own_line(slots=()), "is a primary without slots"),
        ("primary", own_line(flags=frozenset({"master", "handshake"})), "says handshake of"),
        ("primary", own_line(flags=frozenset({"master", "fail?"})), "says fail? of"),
        ("replica", own_line(flags=frozenset({"slave", "noaddr"})), "says noaddr of"),
        ("replica", own_line(connected=False), "is not connected to"),
        ("replica", own_line(primary=None), "has 0 replicas, not 1"),
        ("replica", own_line(primary="f" * 40), "views of slots and roles differ"),
        ("replica", own_line(primary="f" * 40), "follows ffff"),
        ("replica", field(follows="127.9.9.9:6379"), "replicates from 127.9.9.9:6379"),
        ("replica", field(link="down"), "master_link_status:down"),
    ],
)
def test_the_oracle_sees_one_wrong_word(
    healthy: sets.LocalStatefulSet, of: str, change: Change, problem: str
) -> None:
    target = dict(zip(("primary", "replica"), roles(healthy), strict=True))[of]
    seen = [view for view in map(views.read, healthy.pods) if isinstance(view, views.View)]
    assert oracle.judge(seen, nodes=6, replicas_per_shard=1) == []
    changed = [change(view) if view.pod == target.pod else view for view in seen]
    found = oracle.judge(changed, nodes=6, replicas_per_shard=1)
    assert any(problem in one for one in found), found


def test_the_oracle_sees_two_nodes_with_one_id(healthy: sets.LocalStatefulSet) -> None:
    primary, replica = roles(healthy)
    twin = dataclasses.replace(primary, pod=replica.pod)
    assert any("have one node id" in one for one in oracle.judge([primary, twin], nodes=2))
