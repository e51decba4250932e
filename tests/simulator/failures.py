"""Who is thought to have failed, and who takes over."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulator.node import Known, Server


def judge(servers: Sequence[Server]) -> None:
    """Suspicions, then what a majority agrees on, then at most one election for each shard."""
    for server in servers:
        for known in server.others:
            quiet = known.silent is not None and server.now - known.silent > server.timeout()
            known.pfail = known.pfail or quiet
    by_id = {server.node_id: server for server in servers}
    for server in servers:
        for known in server.others:
            if known.pfail and known.fail is None and _agreed(server, known, by_id):
                known.fail = server.now
    for server in servers:
        _stand(server, by_id)


def _owners(server: Server) -> list[Known]:
    return [one for one in server.table.values() if one.slots and one.primary_id is None]


def _agreed(server: Server, suspect: Known, by_id: dict[str, Server]) -> bool:
    """Whether a majority of those who own slots suspects it, as far as this node can ask them."""
    votes = 0
    for owner in _owners(server):
        voter = by_id.get(owner.node_id)
        if voter is not None and not owner.failed:
            said = voter.table.get(suspect.node_id)
            votes += said is not None and said.failed
    return votes >= len(_owners(server)) // 2 + 1


def _stand(server: Server, by_id: dict[str, Server]) -> None:
    """Take a failed primary's place, when a majority is there to vote."""
    primary = server.primary
    if primary is None or primary.fail is None or not primary.slots:
        return
    if server.synced != primary.node_id:  # cluster-replica-validity-factor
        return
    owners = _owners(server)
    voters = [one for one in owners if one.node_id in by_id and not one.failed]
    if len(voters) < len(owners) // 2 + 1:
        return
    if any(one.me.slots & primary.slots for one in by_id.values()):
        return
    server.current_epoch += 1
    server.me.epoch, server.me.primary_id = server.current_epoch, None
    server.me.slots, primary.slots = primary.slots, 0
    server.link_up = False
