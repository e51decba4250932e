"""Which peers are where our node believes. They need not be asked again while it heals."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.snapshot import Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import View


class Placed:
    """The addresses proven since the last start of our own server."""

    def __init__(self, topology: Topology) -> None:
        """Nothing is proven yet."""
        self._topology = topology
        self._proven: dict[int, tuple[str, str, str]] = {}
        """Run id of our own server, node id and address, by ordinal."""

    def proved(self, mine: View | Unreachable, ordinal: int, said: View, address: str) -> None:
        """Note that a pod's own node has answered at this address."""
        if isinstance(mine, View):
            self._proven[ordinal] = mine.run_id, said.node_id, address

    def among(self, mine: View | Unreachable, ordinals: Iterable[int]) -> set[int]:
        """Return the pods to ask: those that may have moved, and the primary not reached yet."""
        return {one for one in ordinals if not self._right(mine, one)} | self._dialled(mine)

    def _right(self, mine: View | Unreachable, ordinal: int) -> bool:
        run, node_id, address = self._proven.get(ordinal, ("", "", ""))
        member = mine.member(node_id) if isinstance(mine, View) and mine.run_id == run else None
        return member is not None and member.address == address and "noaddr" not in member.flags

    def _dialled(self, mine: View | Unreachable) -> set[int]:
        """Return our node's primary, while replication has not reached it."""
        if not isinstance(mine, View) or mine.following:
            return set()
        primary = mine.member(mine.myself.primary_id)
        ordinal = self._topology.meant_by(primary.hostname) if primary else None
        return set() if ordinal is None else {ordinal}
