"""A look at those whom our own node knows: by their ids, without DNS, and held up by nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from bootstrap.config import secret
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import Member, View
from bootstrap.observe import neighbours
from bootstrap.redis import connection
from tests.shell import watching
from tests.statefulset import misbehaviour, needs, process, sets
from tests.statefulset import pod as pods


@pytest.fixture
def three() -> Iterator[sets.LocalStatefulSet]:
    """Three nodes that know each other, and say whose they are."""
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)
            app[0].ask("CLUSTER", "MEET", one.address, one.port)
        process.wait_for(
            lambda: all(one.fqdn in app[0].cluster_nodes() for one in app.pods), 30, "they know"
        )
        app.names.behave(misbehaviour.Behaviour.REFUSE)
        yield app


@contextlib.asynccontextmanager
async def around(one: pods.Pod) -> AsyncIterator[neighbours.Neighbours]:
    access = connection.Access(credentials=secret.Credentials(), timeout=5.0)
    found = neighbours.Neighbours(watching.topology_of(one), one.address, access)
    try:
        yield found
    finally:
        await found.close()


def all_others(view: View) -> tuple[Member, ...]:
    return view.others


def test_it_finds_whom_our_own_node_knows(three: sets.LocalStatefulSet) -> None:
    async def looks() -> None:
        async with around(three[0]) as some:
            assert some.node_of("redis-app-1") is None
            found = await some.observe(all_others)
            assert [pod.name for pod in found.pods] == [one.name for one in three.pods]
            assert [pod.view and pod.view.node_id for pod in found.pods] == [
                one.node_id() for one in three.pods
            ]
            for one in three.pods:
                where = some.node_of(one.name)
                assert where is not None
                assert where.address == one.address

    asyncio.run(looks())
    assert three.names.questions == []


def test_it_looks_at_nobody_else(three: sets.LocalStatefulSet) -> None:
    async def look() -> list[str]:
        async with around(three[1]) as some:
            return [pod.name for pod in (await some.observe(lambda _: ())).pods]

    assert asyncio.run(look()) == ["redis-app-1"]


def test_another_node_at_the_address_is_nobody(three: sets.LocalStatefulSet) -> None:
    """An address may have moved on; a node id never does."""
    made_up = Member(
        node_id="0" * 40, address=three[2].address, port=6379, bus_port=16379, hostname=""
    )

    async def look() -> None:
        async with around(three[0]) as some:
            _, other = (await some.observe(lambda _: (made_up,))).pods
            assert (other.name, other.ordinal) == (three[2].address, 2**31)
            assert isinstance(other.node, Unreachable)
            assert other.node.reason.startswith(f"another node, {three[2].node_id()[:8]}")
            assert some.node_of(other.name) is None

    asyncio.run(look())


def test_who_hangs_holds_nobody_up(three: sets.LocalStatefulSet) -> None:
    three[2].pause()

    async def look() -> None:
        async with around(three[0]) as some:
            _, first, second = (await some.observe(all_others)).pods
            assert first.view is not None
            assert isinstance(second.node, Unreachable)
            assert second.node.trouble is Trouble.TIMEOUT
            await asyncio.to_thread(three[2].resume)
            again = await some.observe(all_others)
            assert again.pods[2].view is not None

    asyncio.run(look())


def test_with_our_own_node_gone_the_last_ones_are_asked_again(
    three: sets.LocalStatefulSet,
) -> None:
    async def look() -> None:
        async with around(three[0]) as some:
            await some.observe(all_others)
            await asyncio.to_thread(three[0].kill_server)
            mine, *others = (await some.observe(all_others)).pods
            assert isinstance(mine.node, Unreachable)
            assert all(pod.view is not None for pod in others)
            assert len(others) == 2

    asyncio.run(look())
