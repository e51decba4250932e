"""Looking at everybody: who is found where, and by which proof."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.model import directory, proof
from bootstrap.model.snapshot import Scope, Snapshot, Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.observe import observer
from tests.shell import watching
from tests.statefulset import authority, misbehaviour, nameserver, needs, process, sets
from tests.statefulset import pod as pods

NAMES = ("redis-app-0", "redis-app-1", "redis-app-2")


@pytest.fixture
def three() -> Iterator[sets.LocalStatefulSet]:
    """Three nodes that say whose they are, and have not met."""
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)
        yield app


def viewed(snapshot: Snapshot) -> set[str]:
    return {pod.name for pod in snapshot.pods if pod.view is not None}


def all_viewed(snapshot: Snapshot) -> bool:
    return viewed(snapshot) == set(NAMES)


async def look_for_all(watch: observer.Observer) -> Snapshot:
    return await watching.until(lambda: watch.look(Scope.ALL), all_viewed)


def test_a_look_is_no_wider_than_asked_for(three: sets.LocalStatefulSet) -> None:
    async def looks() -> list[Snapshot]:
        async with watching.observer(three, 2) as watch:
            return [await watch.look(scope) for scope in (Scope.LOCAL, Scope.SEED)]

    local, seed = asyncio.run(looks())
    assert [pod.name for pod in local.pods] == ["redis-app-2"]
    assert [pod.name for pod in seed.pods] == ["redis-app-0", "redis-app-2"]
    assert {question.name for question in three.names.questions} == {f"{three[0].fqdn}."}
    assert all(pod.view and pod.view.blank for pod in (*local.pods, *seed.pods))


def test_the_seed_does_not_look_for_itself_twice(three: sets.LocalStatefulSet) -> None:
    async def look() -> Snapshot:
        async with watching.observer(three, 0) as watch:
            return await watch.look(Scope.SEED)

    assert [pod.name for pod in asyncio.run(look()).pods] == ["redis-app-0"]


def test_everybody_is_found_and_let_go_again(three: sets.LocalStatefulSet) -> None:
    async def looks() -> None:
        async with watching.observer(three, 1) as watch:
            snapshot = await look_for_all(watch)
            assert [pod.name for pod in snapshot.pods] == list(NAMES)
            assert [pod.address for pod in snapshot.pods] == [one.address for one in three.pods]
            here = watch.node_of("redis-app-1")
            there = watch.node_of("redis-app-2")
            assert here is not None
            assert there is not None
            assert (here.address, there.address) == (three[1].address, three[2].address)
            assert watch.node_of("redis-app-9") is None
            asked = watch.names.questions
            await watch.look(Scope.ALL)
            assert watch.names.questions == asked  # Proven addresses are not asked for again.
            await watch.rest()
            assert watch.node_of("redis-app-2") is None
            assert watch.node_of("redis-app-1") is here

    asyncio.run(looks())
    for one in (three[0], three[2]):
        process.wait_for(lambda one=one: clients(one) == 1, 20, "the connection is closed")  # type: ignore[misc]  # a default argument


def test_a_look_that_is_cut_off_leaves_no_task_behind(three: sets.LocalStatefulSet) -> None:
    """As at SIGTERM: else a task goes on with a connection that was closed."""

    async def looks() -> None:
        async with watching.observer(three, 1) as watch:
            await look_for_all(watch)
            await watch.rest()
            before = asyncio.all_tasks()
            assert three[2].process is not None
            three[2].process.pause()
            try:
                look = asyncio.create_task(watch.look(Scope.ALL))
                while not [one for one in asyncio.all_tasks() - before if _of_peers(one)]:  # noqa: ASYNC110 - nothing tells of a task
                    await asyncio.sleep(0)
                look.cancel()
                await asyncio.wait([look])
                await asyncio.sleep(0)
                left = [one for one in asyncio.all_tasks() - before if _of_peers(one)]
                assert all(one.cancelling() for one in left)
            finally:
                three[2].process.resume()

    asyncio.run(looks())


def _of_peers(task: asyncio.Task[Any]) -> bool:
    """Whether a task looks at one peer."""
    return "Peers.one" in repr(task.get_coro())


def clients(one: pods.Pod) -> int:
    """Connections of clients, this one included."""
    return len(str(one.ask("CLIENT", "LIST", "TYPE", "normal")).split("id=")) - 1


def test_a_pod_that_is_down_or_not_in_dns_is_there_without_a_view(
    three: sets.LocalStatefulSet,
) -> None:
    three[1].kill_server()
    three.names.withdraw("redis-app-2", "redis-service", "default")

    async def looks() -> Snapshot:
        async with watching.observer(three, 0) as watch:
            return await watching.until(
                lambda: watch.look(Scope.ALL),
                lambda seen: (
                    seen.pods[1].node is not None and seen.pods[2].resolved.state != "unknown"
                ),
            )

    _, down, unnamed = asyncio.run(looks()).pods
    assert isinstance(down.node, Unreachable)
    assert (down.address, down.node.trouble) == (three[1].address, Trouble.REFUSED)
    assert (unnamed.address, unnamed.node, unnamed.resolved.state) == (None, None, "absent")


def test_a_stale_address_leads_to_a_peer_which_is_no_proof(three: sets.LocalStatefulSet) -> None:
    three.names.publish("redis-app-2", "redis-service", "default", [three[1].address])

    async def looks() -> None:
        async with watching.observer(three, 0) as watch:
            seen = await look_for_all(watch)
            stale = seen.pods[2]
            assert stale.view is not None
            assert stale.view.node_id == three[1].node_id()
            said = proof.prove(stale.view, stale.hostname, stale.address, watch.topology)
            assert said is proof.Proof.PEER
            assert watch.node_of("redis-app-2") is None
            # The right address wins over the stale one, whichever comes first.
            both = [three[1].address, three[2].address]
            three.names.publish("redis-app-2", "redis-service", "default", both)
            await watching.until(
                lambda: watch.look(Scope.ALL), lambda _: watch.node_of("redis-app-2") is not None
            )

    asyncio.run(looks())


def test_a_pod_that_left_its_address_is_forgotten_there(three: sets.LocalStatefulSet) -> None:
    async def looks() -> None:
        async with watching.observer(three, 0) as watch:
            await look_for_all(watch)
            await asyncio.to_thread(three.take_down, three[2])
            gone = await watch.look(Scope.ALL)
            assert gone.pods[2].view is None
            assert watch.node_of("redis-app-2") is None
            await asyncio.to_thread(three.start_servers)
            watching.announce(three[2])
            back = await look_for_all(watch)
            assert back.pods[2].address == three[2].address

    asyncio.run(looks())


def test_addresses_without_names_are_named_by_the_nodes_there(three: sets.LocalStatefulSet) -> None:
    """Where the names of pods are not answered, the service's addresses may be."""
    no_srv = nameserver.NameServer(three.names.address, 5399, service_port=None)
    with no_srv:  # A service without ports has no SRV, which would tell the names.
        for one in three.pods:
            no_srv.behave(misbehaviour.Behaviour.SERVFAIL, name=one.fqdn)
            no_srv.publish(one.name, "redis-service", "default", [one.address])

        async def looks() -> Snapshot:
            async with watching.observer(three, 0, names=no_srv) as watch:
                return await look_for_all(watch)

        assert [pod.address for pod in asyncio.run(looks()).pods] == [
            one.address for one in three.pods
        ]


def test_what_our_own_node_knows_is_enough_without_dns(three: sets.LocalStatefulSet) -> None:
    meet_all(three)
    three.names.behave(misbehaviour.Behaviour.REFUSE)

    async def looks() -> Snapshot:
        async with watching.observer(three, 0) as watch:
            return await watch.look(Scope.ALL)

    assert all_viewed(asyncio.run(looks()))


def meet_all(three: sets.LocalStatefulSet) -> None:
    for one in three.pods[1:]:
        three[0].ask("CLUSTER", "MEET", one.address, one.port)
    process.wait_for(
        lambda: all(one.fqdn in three[0].cluster_nodes() for one in three.pods), 30, "they know"
    )


def names_wanted(watch: observer.Observer) -> list[set[str]]:
    """The pods that DNS is asked for, look by look."""
    wanted: list[set[str]] = []
    ask = watch.names.ask

    async def listening(names: Collection[str]) -> directory.Directory:
        wanted.append({name.partition(".")[0] for name in names})
        return await ask(names)

    watch.names.ask = listening  # type: ignore[assignment,method-assign]  # questions are passed on
    return wanted


def test_dns_is_asked_for_nobody_with_whom_our_node_has_a_link(
    three: sets.LocalStatefulSet,
) -> None:
    """Or one node that stays away would make every sidecar ask for all of them, for ever."""
    three[0].ask("CONFIG", "SET", "cluster-node-timeout", 500)
    meet_all(three)
    three[2].kill_server()
    process.wait_for(lambda: "fail" in three[0].cluster_nodes(), 30, "it is missed")

    async def looks() -> None:
        async with watching.observer(three, 0) as watch:
            wanted = names_wanted(watch)
            await watch.look(Scope.ALL)
            # Right after our server's start its links are to addresses of the past.
            assert {"redis-app-1", "redis-app-2"} <= wanted.pop()
            for _ in range(2):
                await watch.rest()
                assert viewed(await watch.look(Scope.ALL)) == set(NAMES[:2])
                assert wanted.pop() == {"redis-app-2"}

    asyncio.run(looks())


def test_who_does_not_answer_where_our_node_believes_is_asked_for(
    three: sets.LocalStatefulSet,
) -> None:
    meet_all(three)

    async def looks() -> None:
        async with watching.observer(three, 0) as watch:
            wanted = names_wanted(watch)
            await look_for_all(watch)
            await watch.rest()
            three[2].pause()  # our node has not missed it yet
            for _ in range(2):
                assert viewed(await watch.look(Scope.ALL)) == set(NAMES[:2])
            assert wanted[-2:] == [set(), {"redis-app-2"}]

    asyncio.run(looks())


def test_a_server_that_starts_anew_makes_the_service_list_its_pods_anew() -> None:
    """A pod that came since may own slots: forming has to look at it."""
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)

        async def looks() -> None:
            async with watching.observer(app, 0) as watch:
                await watching.until(lambda: watch.look(Scope.ALL), lambda seen: seen.listed)
                later = app.add_pod()
                await asyncio.to_thread(app.start_servers)
                await asyncio.to_thread(app.take_down, app[0], wipe=True, moved=False)
                await asyncio.to_thread(app.start_servers)
                watching.announce(app[0])
                watching.announce(later)
                seen = await watching.until(
                    lambda: watch.look(Scope.ALL),
                    lambda seen: seen.listed and viewed(seen) >= set(NAMES),
                )
                assert later.name in viewed(seen)

        asyncio.run(looks())


def test_later_pods_are_found_by_the_list_and_by_what_our_node_knows() -> None:
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        later = app.add_pod()
        app.start_servers()
        for one in app.pods:
            watching.announce(one)

        async def looks() -> Snapshot:
            async with watching.observer(app, 0) as watch:
                return await watching.until(
                    lambda: watch.look(Scope.ALL), lambda seen: later.name in viewed(seen)
                )

        assert viewed(asyncio.run(looks())) == {*NAMES, later.name}


def test_without_pod_ip_our_address_is_the_one_towards_the_seed(
    three: sets.LocalStatefulSet,
) -> None:
    async def looks() -> tuple[str | None, str | None]:
        async with watching.observer(three, 1, with_address=False) as watch:
            before = watch.topology.address
            await look_for_all(watch)
            return before, watch.topology.address

    assert asyncio.run(looks()) == (None, "127.0.0.1")


def test_how_long_something_has_been_so_is_remembered(three: sets.LocalStatefulSet) -> None:
    now = 100.0

    async def looks() -> None:
        nonlocal now
        async with watching.observer(three, 0, clock=lambda: now) as watch:

            async def memory() -> tuple[float, float, float | None, int | None]:
                kept = (await watch.look(Scope.LOCAL)).timers
                return kept.idle, kept.marked, kept.dipped, kept.node_timeout("redis-app-0")

            assert await memory() == (0.0, 0.0, None, 15000)
            now += 5.0
            assert await memory() == (5.0, 0.0, None, 15000)
            three[0].ask("CONFIG", "SET", "cluster-node-timeout", 499)  # A dip's mark.
            assert await memory() == (5.0, 0.0, 0.0, 15000)
            now += 1.0
            assert await memory() == (6.0, 1.0, 1.0, 15000)
            three[0].ask("CONFIG", "SET", "cluster-node-timeout", 9000)
            three[0].ask("CLUSTER", "ADDSLOTS", 1)
            now += 1.0
            assert await memory() == (0.0, 0.0, 2.0, 9000)
            three[0].ask("CLUSTER", "DELSLOTS", 1)
            assert await memory() == (0.0, 0.0, 2.0, 9000)  # Anew, not since the first time.

    asyncio.run(looks())


# TLS


def test_peers_are_asked_by_name_over_tls(tmp_path: Path) -> None:
    """Certificates are for names; also where the address was known before the name."""
    files = authority.Authority(tmp_path).issue("*.redis-service.default.svc.cluster.local")
    with sets.LocalStatefulSet(
        3, needs.server("redis-7.0"), replicas_per_shard=0, tls=lambda _: files
    ) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)

        async def looks() -> Snapshot:
            async with watching.observer(
                app, 1, with_address=False, tls=watching.encrypted(files)
            ) as watch:
                return await look_for_all(watch)

        assert all_viewed(asyncio.run(looks()))


def test_a_certificate_for_another_name_is_not_accepted(tmp_path: Path) -> None:
    files = authority.Authority(tmp_path).issue("*.another-service.default.svc.cluster.local")
    with sets.LocalStatefulSet(1, needs.server("redis-7.0"), tls=lambda _: files) as app:
        app.start_servers()

        async def look() -> View | Unreachable | None:
            async with watching.observer(app, 0, tls=watching.encrypted(files)) as watch:
                return (await watch.look(Scope.LOCAL)).pods[0].node

        found = asyncio.run(look())
        assert isinstance(found, Unreachable)
        assert found.trouble is Trouble.TLS_NAME
        assert "*.another-service.default" in found.reason
