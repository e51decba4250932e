"""Asking something of one node: done, or a refusal that is a value."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest

from bootstrap.model import actions
from bootstrap.model.snapshot import Unreachable
from bootstrap.redis import connection, node
from bootstrap.run import apply
from tests.shell import listeners
from tests.shell.test_node_read import QUICK, access, connected, read
from tests.statefulset import needs, pod, process, servers, sets

WHY = "a test"
EPOCH = actions.SetConfigEpoch(pod="x", epoch=7, why=WHY)
SOME_SLOTS = actions.AddSlots(pod="x", ranges=((0, 2), (9, 9)), why=WHY)
UNKNOWN_SETTING = actions.ConfigSet(pod="x", settings=(("no-such-setting", "1"),), why=WHY)
UNKNOWN_NODE = actions.Replicate(pod="x", primary="y", primary_id="f" * 40, why=WHY)

Results = tuple[node.Refused | None, ...]


def do(where: pod.Pod, *wanted: actions.Action, how: connection.Access | None = None) -> Results:
    """As the loop does: after a look, which tells how to speak with this server."""

    async def ask() -> Results:
        async with connected(where, how) as one:
            assert not isinstance(await one.read(), Unreachable)
            return await one.do(wanted)

    return asyncio.run(ask())


def config(where: pod.Pod, name: str) -> str:
    with where.client() as client:
        return str(client.config_get(name).get(name))


@pytest.fixture
def new() -> Iterator[pod.Pod]:
    """A new node, to be changed."""
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()
        yield app[0]


@pytest.mark.parametrize("name", servers.MATRIX)
def test_every_action_is_understood_by_every_server(name: str) -> None:
    with sets.LocalStatefulSet(2, needs.server(name)) as app:
        app.start_servers()
        one, other = app.pods
        two = (("cluster-announce-ip", one.address), ("cluster-node-timeout", "4321"))
        bus = one.port + 10000
        meet = actions.Meet(
            pod="x", peer="y", address=other.address, port=other.port, bus_port=bus, why=WHY
        )
        settings = actions.ConfigSet(pod="x", settings=two, why=WHY)
        assert do(one, settings, EPOCH, SOME_SLOTS, meet) == (None,) * 4
        assert config(one, "cluster-announce-ip") == one.address
        assert config(one, "cluster-node-timeout") == "4321"
        process.wait_for(lambda: one.node_id() in other.cluster_nodes(), 20, "they have met")
        mine = next(line for line in one.cluster_nodes().splitlines() if "myself" in line)
        assert mine.split()[6] == "7"
        assert mine.split()[8:] == ["0-2", "9"]
        follow = actions.Replicate(pod="x", primary="y", primary_id=one.node_id(), why=WHY)
        process.wait_for(lambda: do(other, follow) == (None,), 20, "the other one follows")
        assert "slave" in other.cluster_nodes()


def test_a_refusal_stays_with_its_own_action(new: pod.Pod) -> None:
    taken = do(new, EPOCH, UNKNOWN_SETTING, SOME_SLOTS, UNKNOWN_NODE, EPOCH, SOME_SLOTS)
    assert [result is None for result in taken] == [True, False, True, False, False, False]
    _, setting, _, primary, epoch, busy = taken
    assert setting is not None
    assert "no-such-setting" in setting.reason
    assert primary is not None
    assert "Unknown node" in primary.reason
    assert epoch is not None
    assert "already" in epoch.reason
    assert busy is not None
    assert "already busy" in busy.reason


def test_a_setting_of_several_that_is_refused_is_not_taken_for_the_next_action() -> None:
    """Before 7.0 settings are sent one by one, so an action has several replies."""
    with sets.LocalStatefulSet(1, needs.server("redis-6.2")) as app:
        app.start_servers()
        three = (("cluster-node-timeout", "4321"), ("no-such-setting", "1"), ("timeout", "77"))
        settings = actions.ConfigSet(pod="x", settings=three, why=WHY)
        refused, epoch = do(app[0], settings, EPOCH)
        assert refused is not None
        assert "no-such-setting" in refused.reason
        assert epoch is None
        assert config(app[0], "timeout") == "77"


def test_nothing_is_asked_for_in_vain(new: pod.Pod) -> None:
    assert do(new) == ()


def test_a_node_that_is_gone_refuses_each_action(new: pod.Pod) -> None:
    async def ask() -> Results:
        async with connected(new) as one:
            await one.read()
            new.kill_server()
            await one.do((EPOCH,))  # The old connection breaks, or is refused already.
            return await one.do((EPOCH, SOME_SLOTS))

    gone = node.Refused(reason="no connection: Connection refused")
    assert asyncio.run(ask()) == (gone, gone)


def test_a_node_that_never_answers_refuses_too() -> None:
    async def ask() -> Results:
        async with (
            listeners.listening(listeners.HANGS) as port,
            connected(port, access(timeout=QUICK)) as one,
        ):
            return await one.do((EPOCH, SOME_SLOTS))

    assert asyncio.run(ask()) == (node.Refused(reason="no answer in time"),) * 2


# Several nodes at once


def test_a_vanished_node_does_not_keep_the_others_from_their_actions(new: pod.Pod) -> None:
    async def ask() -> tuple[apply.Outcome, ...]:
        async with listeners.hanging_up() as port:
            pass
        async with connected(new) as here, connected(port) as dead:
            await here.read()
            epochs = tuple(
                dataclasses.replace(EPOCH, pod=name) for name in ("gone", "here", "dead")
            )
            wanted: tuple[actions.Action, ...] = (
                *epochs,
                dataclasses.replace(SOME_SLOTS, pod="here"),
            )
            return await apply.apply(wanted, {"here": here, "dead": dead}.get)

    outcomes = asyncio.run(ask())
    assert {(one.action.pod, one.action.kind): one.refused for one in outcomes} == {
        ("gone", "set-config-epoch"): "its node is gone",
        ("here", "set-config-epoch"): None,
        ("here", "add-slots"): None,
        ("dead", "set-config-epoch"): "no connection: Connection refused",
    }
    view = read(new)
    assert not isinstance(view, Unreachable)
    assert view.myself.slots == ((0, 2), (9, 9))
    assert view.myself.epoch == 7
