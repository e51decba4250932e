"""What has to be true when everything is up again and has had its time."""

from __future__ import annotations

from tests.simulator import bits
from tests.simulator.oracle import LASTING
from tests.simulator.world import World


def problems(world: World) -> list[str]:
    """Everything that keeps the pods from being one healthy cluster; empty if nothing does."""
    found: list[str] = []
    servers = {pod.name: pod.server for _, pod in sorted(world.pods.items())}
    ids = {server.node_id for server in servers.values()}
    for name, server in servers.items():
        lacking = ids - {known.node_id for known in server.others} - {server.node_id}
        found += [f"{name} does not know {len(lacking)} of the pods"] * bool(lacking)
        found += [f"{name} says fail"] * (not server.state_ok)
        if server.me.primary_id is None and not server.me.slots:
            found.append(f"{name} has no role")
        if server.me.primary_id is not None and not server.link_up:
            found.append(f"{name} has no link")
        if server.me.primary_id is not None and server.me.primary_id not in ids:
            found.append(f"{name} follows nobody who is there")
    covered = sum(server.me.slots.bit_count() for server in servers.values())
    if world.product.names:
        ghosts = [(name, one) for name, server in servers.items() for one in server.others]
        found += [f"{name} knows a ghost" for name, one in ghosts if one.node_id not in ids]
    together = 0
    for server in servers.values():
        together |= server.me.slots
    if together != bits.ALL or covered != bits.SLOTS:
        found.append(f"{bits.SLOTS - together.bit_count()} slots unowned, {covered} claims")
    return found


def leftovers(world: World) -> list[str]:
    """I9: settings that are not as redis.conf has them, beyond those that stay as they were set."""
    return [
        f"{pod.name}: {name} is {value}"
        for _, pod in sorted(world.pods.items())
        for name, value in pod.server.settings.items()
        if name not in LASTING and value != {**world.product.settings, **pod.server.config}[name]
    ]


def uneven(world: World) -> list[str]:
    """Primaries that have fewer replicas than were asked for."""
    servers = [pod.server for pod in world.pods.values()]
    return [
        f"{pod.name} has too few replicas"
        for pod in world.pods.values()
        if pod.server.me.slots
        and sum(one.me.primary_id == pod.server.node_id for one in servers) < world.replicas
    ]


def excuses(world: World) -> list[str]:
    """Losses that no rule can undo: then nothing has to become healthy, and nothing may get worse.

    To be asked while every server is up. Empty: the pods must end as one healthy cluster.
    """
    found: list[str] = []
    servers = [pod.server for pod in world.pods.values()]
    successors = 0
    for server in servers:
        primary = server.primary
        successors |= server.me.slots
        successors |= primary.slots if primary and server.synced == primary.node_id else 0
    if any(server.others for server in servers) and successors != bits.ALL:
        found.append("slots are lost")
    owners = {one.node_id for server in servers for one in server.table.values() if one.slots}
    living = owners & {server.node_id for server in servers}
    if 2 * len(living) <= len(owners):
        found.append("no replica can be elected: half of the owners of slots are gone for good")
    for pod in world.pods.values():
        server, share = pod.server, world.share(pod.ordinal)
        used = server.keys or (server.me.slots not in (0, share))
        if used and not server.others:
            found.append(f"{pod.name} is in use, and alone")
        if server.me.primary_id and not server.others:
            found.append(f"{pod.name} is a replica of nobody")
    if world.strangers and not world.product.names:
        found.append("before 7.0 a stranger behind one of our names cannot be told")
    return found
