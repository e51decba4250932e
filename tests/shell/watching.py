"""An observer as a pod's sidecar has it, without the sidecar."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from bootstrap.config import secret
from bootstrap.dns.client import Discovery
from bootstrap.model.topology import Topology
from bootstrap.observe.observer import Observer
from bootstrap.redis import connection, encryption
from tests.statefulset import config, nameserver, sets
from tests.statefulset import pod as pods

Result = TypeVar("Result")


def topology_of(one: pods.Pod, *, with_address: bool = True) -> Topology:
    """What the pod's settings say."""
    return Topology(
        statefulset=one.spec.name,
        ordinal=one.ordinal,
        subdomain=one.fqdn.partition(".")[2],
        size=one.spec.size,
        replicas_per_shard=one.spec.replicas_per_shard,
        address=one.address if with_address else None,
        port=one.port,
    )


@contextlib.asynccontextmanager
async def observer(
    app: sets.LocalStatefulSet,
    ordinal: int,
    *,
    with_address: bool = True,
    clock: Callable[[], float] = lambda: 0.0,
    tls: encryption.Encryption | None = None,
    names: nameserver.NameServer | None = None,
    wall: Callable[[], float] = time.time,
) -> AsyncIterator[Observer]:
    """Watch from the pod with this ordinal."""
    one = app[ordinal]
    topology = topology_of(one, with_address=with_address)
    asked = names or app.names
    looks = Discovery(
        service=topology.subdomain,
        nameservers=[(asked.address, asked.port)],
        family=4,
        wall=wall,
    )
    access = connection.Access(credentials=secret.Credentials(), tls=tls, timeout=5.0)
    found = Observer(topology, one.address, access, looks, clock)
    try:
        yield found
    finally:
        await found.close()
        await _farewells()


def encrypted(files: config.Tls) -> encryption.Encryption:
    """The way into nodes by these files."""
    some = encryption.Files(ca=files.ca, cert=files.cert, key=files.key)
    return encryption.Encryption(some, "redis-app-0.redis-service.default.svc.cluster.local")


async def _farewells() -> None:
    """TLS says goodbye; a loop that ends before that leaves its sockets open."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # no public way
    while len(selector.get_map()) > 1:  # noqa: ASYNC110 - the loop's own socket stays
        await asyncio.sleep(0.01)


async def until(look: Callable[[], Awaitable[Result]], content: Callable[[Result], bool]) -> Result:
    """Look again and again, for at most a minute: DNS is not asked at every look."""
    async with asyncio.timeout(60):
        while not content(found := await look()):  # noqa: ASYNC110 - others' state, no event
            await asyncio.sleep(0.02)
    return found


def announce(one: pods.Pod) -> None:
    """What the pod's own sidecar would write into its node."""
    with one.client() as client:
        client.config_set("cluster-announce-ip", one.address)
        if client.config_get("cluster-announce-hostname"):
            client.config_set("cluster-announce-hostname", one.fqdn)
