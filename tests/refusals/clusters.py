"""Clusters made by hand, for bootstrap to find. None of the product's code makes them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.refusals import asking
from tests.statefulset import pod as pods
from tests.statefulset import process, views

NODE_TIMEOUT = "cluster-node-timeout"


def form(members: Sequence[pods.Pod]) -> None:
    """Make these pods one cluster of primaries, and wait until all of them are content."""
    for index, pod in enumerate(members):
        first, after = (views.SLOTS * number // len(members) for number in (index, index + 1))
        # Otherwise the nodes would settle their epochs by themselves, some time later.
        pod.ask("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        pod.ask("CLUSTER", "ADDSLOTS", *range(first, after))
    for pod in members[1:]:
        meet(pod, members[0])
    wait_knowing(members, len(members))
    _wait_content(members)


def meet(pod: pods.Pod, other: pods.Pod) -> None:
    """Introduce them; they know each other some time later."""
    pod.ask("CLUSTER", "MEET", other.address, other.port)


def wait_knowing(members: Sequence[pods.Pod], count: int) -> None:
    """Wait until each knows so many nodes, none is only being met, and they agree on all else.

    That is the epoch, and who owns which slots: gossip would tell it some time later.
    """

    def agreed() -> bool:
        (known, _), *others = {(_known(pod), _epoch(pod)) for pod in members}
        return len(known) == count and not others

    process.wait_for(agreed, asking.LONG, f"{count} are known")


def _epoch(pod: pods.Pod) -> str:
    info = str(pod.ask("CLUSTER", "INFO"))
    return next(line for line in info.splitlines() if line.startswith("cluster_current_epoch:"))


def _known(pod: pods.Pod) -> frozenset[tuple[str, tuple[tuple[int, int], ...]]]:
    """Whom it knows, and their slots; nobody while somebody is only being met."""
    lines = [views.parse_line(line) for line in pod.cluster_nodes().splitlines()]
    met = not any("handshake" in line.flags for line in lines)
    return frozenset((line.node_id, line.slots) for line in lines if met)


def fill(pod: pods.Pod, count: int = 5) -> None:
    """Let a node that owns slots hold keys."""
    with pod.client() as client:
        for number in range(count):
            client.set(f"{{same}}{number}", f"value {number}")


def own_everything(pod: pods.Pod) -> None:
    """Make a lone node the owner of every slot, able to take keys."""
    pod.ask("CLUSTER", "ADDSLOTS", *range(views.SLOTS))
    _wait_content([pod])


def _wait_content(members: Sequence[pods.Pod]) -> None:
    """Wait for `cluster_state:ok`; five seconds of it would be the node time-out's third."""
    before = {pod.name: pod.ask("CONFIG", "GET", NODE_TIMEOUT)[1] for pod in members}
    for pod in members:
        pod.ask("CONFIG", "SET", NODE_TIMEOUT, 500)
    process.wait_for(
        lambda: all("cluster_state:ok" in str(pod.ask("CLUSTER", "INFO")) for pod in members),
        asking.LONG,
        "every node is content",
    )
    for pod in members:
        pod.ask("CONFIG", "SET", NODE_TIMEOUT, before[pod.name])
