"""What servers tell each other: handshakes, gossip, slots, and what they think of the absent.

Written after cluster_legacy.c of redis 7.2, coarsely: one `turn` is a ping of everybody by
everybody. Failures and elections are in `failures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulator import bits
from tests.simulator.node import Known, Server

#: A primary stays in `fail` this long after it failed (cluster-node-timeout-s, 2 of them).
_UNDO = 2.0
#: Servers younger than this do not say ok (CLUSTER_WRITABLE_DELAY), in seconds.
_WRITABLE = 2.0

At = Callable[[str], Server | None]
Lost = Callable[[Server, Server], bool]


def turn(servers: Sequence[Server], at: At, lost: Lost) -> None:
    """Everybody pings everybody once; `lost` tells which MEETs get lost."""
    for server in servers:
        for known in [known for _, known in sorted(server.table.items()) if known.handshake]:
            _shake_hands(server, known, at(known.address), lost)
    for server in servers:
        for known in server.others:
            if not known.noaddr and known.node_id in server.table:
                _ping(server, known, at(known.address))
    for server in servers:
        _replication(server, at)


def _shake_hands(server: Server, known: Known, peer: Server | None, lost: Lost) -> None:
    if known.node_id not in server.table:
        return
    if peer is None:
        if server.now > known.deadline:
            del server.table[known.node_id]
        return
    if known.meet and not lost(server, peer):
        if server.node_id not in peer.table:
            peer.shake(server.announced, meet=False)
        _gossip(peer, server)
    known.meet = False
    del server.table[known.node_id]
    if peer.node_id in server.table:  # known already: it may have moved
        found = server.table[peer.node_id]
        if found is not server.me:
            found.address, found.noaddr = known.address, False
        return
    server.table[peer.node_id] = Known(
        node_id=peer.node_id, address=known.address, primary_id=peer.me.primary_id
    )


def _ping(server: Server, known: Known, peer: Server | None) -> None:
    if peer is None:
        known.silent = server.now if known.silent is None else known.silent
        return
    if peer.node_id != known.node_id:
        known.noaddr, known.silent, known.address = True, server.now, ""
        return
    if server.node_id in peer.table:
        absorb(peer, server)
    absorb(server, peer)
    known.silent, known.pfail = None, False
    owner = known.primary_id is None and known.slots
    if known.fail is not None and (not owner or server.now - known.fail > _UNDO * server.timeout()):
        known.fail = None


def absorb(server: Server, sender: Server) -> None:
    """Take in a packet of a node that is known: who and where it is, what it owns, whom it knows."""
    known = server.table[sender.node_id]
    known.address, known.noaddr = sender.announced, False
    known.hostname = sender.me.hostname if server.product.names else ""
    known.primary_id = sender.me.primary_id
    known.epoch = max(known.epoch, sender.me.epoch)
    server.current_epoch = max(server.current_epoch, sender.current_epoch)
    if known.primary_id is not None:
        known.slots = 0
    elif sender.me.slots:
        _claim(server, known, sender.me.slots)
    _collision(server, sender)
    _forget(server, sender)
    _gossip(server, sender)


def _forget(server: Server, sender: Server) -> None:
    """Forget whom the sender was told to, but for oneself and one's primary."""
    for node_id, until in sender.forgotten.items() if server.product.spreads_forget else ():
        kept = node_id in (server.node_id, server.me.primary_id)
        if sender.banned(node_id) and node_id in server.table and not kept:
            server.forgotten[node_id] = until
            del server.table[node_id]


def _collision(server: Server, sender: Server) -> None:
    """Of two primaries with one epoch the one with the smaller id takes a new one."""
    one, other = server.me, sender.me
    primaries = one.primary_id is None and other.primary_id is None
    if primaries and one.epoch == other.epoch and one.node_id < other.node_id:
        server.current_epoch += 1
        one.epoch = server.current_epoch


def _gossip(server: Server, sender: Server) -> None:
    for other in sender.others:
        known = server.table.get(other.node_id)
        if other.noaddr:
            continue
        if server.banned(other.node_id):
            continue
        if known is None and (other.silent is None or other.slots):
            server.shake(other.address, meet=True)
        elif known and known is not server.me and known.failed and not other.failed:
            known.address, known.noaddr = other.address, False  # it has moved


def _claim(server: Server, owner: Known, slots: int) -> None:
    """The greater epoch wins a slot. Who loses its last slot follows the winner, data and all."""
    loser = server.primary or server.me
    before = loser.slots
    for known in server.table.values():
        overlap = known.slots & slots
        if known is owner or not overlap:
            continue
        if known.epoch < owner.epoch:
            known.slots &= ~overlap
        else:
            slots &= ~overlap
    owner.slots |= slots
    if before and not loser.slots:
        server.follow(owner.node_id)


def _replication(server: Server, at: At) -> None:
    """A replica's link, and the data that comes through it."""
    primary = server.primary
    if primary is None:
        server.link_up = False
        return
    if server.product.repoints:
        server.link_host = primary.address
    source = at(server.link_host)
    if source is None or source.node_id != primary.node_id or source.me.primary_id is not None:
        server.link_up, server.link_from = False, None
        return
    # One replica that asks is company enough, where it is told so.
    alone = source.settings.get("repl-diskless-sync-max-replicas") == "1"
    waits = source.product.diskless and not alone
    delay = int(source.settings["repl-diskless-sync-delay"]) if waits else 0
    server.link_from = server.now if server.link_from is None else server.link_from
    if server.link_up or server.now - server.link_from >= delay:
        server.link_up, server.keys, server.synced = True, source.keys, source.node_id


def judge_state(server: Server) -> None:
    """clusterUpdateState, to the letter: it decides how long forming takes."""
    owners = [one for one in server.table.values() if one.slots and one.primary_id is None]
    reachable = [one for one in owners if not one.failed]
    covered = 0
    for one in owners:
        covered |= one.slots if one.fail is None else 0
    is_primary = server.me.primary_id is None
    if is_primary and not server.state_ok and server.now - server.started < _WRITABLE:
        return
    minority = len(reachable) < len(owners) // 2 + 1
    if minority:
        server.minority = server.now
    ok = covered == bits.ALL and not minority
    delay = min(max(server.timeout(), 0.5), 5.0)
    if ok and not server.state_ok and is_primary and server.now - server.minority < delay:
        return
    server.state_ok = ok
