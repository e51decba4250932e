"""The fake of `tests/simulator` says what real servers say, to the commands that we send.

Each command goes to a real server and to its fake: both take it or both refuse it, and in the
end both say the same of who knows whom, owns what, and follows whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootstrap import node, secret
from bootstrap.core import actions
from bootstrap.core.model import View
from tests.simulator.node import Server
from tests.simulator.products import PRODUCTS
from tests.simulator.world import World
from tests.statefulset import needs, process, servers, sets

PODS: Final = 3
CONFIG: Final = {"cluster-node-timeout": 1000, "repl-diskless-sync-delay": 0}
THIRDS: Final = (((0, 5460),), ((5461, 10921),), ((10922, 16383),))
ALL: Final = ((0, 16383),)

Command = tuple[str, int, object]
"""What, to which pod, and what with: a pod, an epoch, slots, settings."""


class Both:
    """Real servers, and a fake of each with the same id at the same address."""

    def __init__(self, app: sets.LocalStatefulSet, name: str) -> None:
        """The servers have to be blank."""
        self.app = app
        self.loop = asyncio.Runner()
        self.world = World(PRODUCTS[name], PODS, replicas=0)
        access = node.Access(credentials=secret.Credentials(None, None, None))
        self.nodes = [node.Node(pod.address, pod.port, access) for pod in app.pods]
        self._access = access
        for ordinal, pod in enumerate(app.pods):
            self.world.pods[ordinal].server = self._fake(pod.node_id(), pod.address)

    def _fake(self, node_id: str, address: str) -> Server:
        config = {key: str(value) for key, value in CONFIG.items()}
        product = self.world.product
        now = self.world.now
        return Server(product=product, node_id=node_id, address=address, now=now, config=config)

    def succeed(self, ordinal: int) -> None:
        """The pod's server is another process now, perhaps elsewhere, perhaps with another id."""
        pod, fake = self.app.pods[ordinal], self.world.pods[ordinal].server
        if fake.alone:
            fake = self.world.pods[ordinal].server = self._fake(pod.node_id(), pod.address)
        fake.address = fake.me.address = pod.address
        self.loop.run(self.nodes[ordinal].close())
        self.nodes[ordinal] = node.Node(pod.address, pod.port, self._access)

    def close(self) -> None:
        """Let the connections go."""
        for one in self.nodes:
            self.loop.run(one.close())
        self.loop.close()

    def real(self, ordinal: int) -> View:
        view = self.loop.run(self.nodes[ordinal].read())
        assert isinstance(view, View), view
        return view

    def fake(self, ordinal: int) -> View:
        view = self.world.pods[ordinal].server.read()
        assert isinstance(view, View), view
        return view

    def send(self, command: Command) -> None:
        """To both; and both must take it, or both refuse it."""
        ordinal = command[1]
        action = self._action(command)
        (real,) = self.loop.run(self.nodes[ordinal].do((action,)))
        fake = self.world.carry_out(action, self.world.pods[ordinal].server)
        assert (real is None) == (fake is None), (action, real, fake)
        if isinstance(action, actions.Meet | actions.Replicate):
            self.settle()

    def _action(self, command: Command) -> actions.Action:
        what, ordinal, detail = command
        name = self.app.pods[ordinal].name
        match what, detail:
            case "epoch", int():
                return actions.SetConfigEpoch(pod=name, epoch=detail, why="")
            case "slots", tuple():
                return actions.AddSlots(pod=name, ranges=detail, why="")
            case "meet", int():
                peer = self.app.pods[detail]
                where = {"address": peer.address, "port": peer.port, "bus_port": peer.port + 10000}
                return actions.Meet(pod=name, peer=peer.name, why="", **where)  # type: ignore[arg-type] - three known keys
            case "replicate", int():
                node_id = self.fake(detail).node_id if detail < PODS else "0" * 40
                return actions.Replicate(pod=name, primary="", primary_id=node_id, why="")
            case "set", tuple():
                return actions.ConfigSet(pod=name, settings=detail, why="")
            case _:
                raise ValueError(command)

    def settle(self, *, state: bool = False) -> None:
        """Let time pass for the fake, and wait until the real ones have come as far."""
        for _ in range(60):
            self.world.pass_time(0.5)
            self.world.gossip()
        wanted = [facts(self.fake(ordinal), state=state) for ordinal in range(PODS)]

        def same() -> bool:
            return [facts(self.real(number), state=state) for number in range(PODS)] == wanted

        try:
            process.wait_for(same, 15, "the real servers say what the fake ones do")
        except TimeoutError:
            assert [facts(self.real(number), state=state) for number in range(PODS)] == wanted


def facts(view: View, *, state: bool) -> dict[str, object]:
    """What a plan may depend on, and time does not change."""
    found: dict[str, object] = {
        "blank": view.blank,
        "alone": view.alone,
        "keys": bool(view.keys),
        "link": view.link_up,
        "primary_host": view.primary_host,
        "hostname": view.setting("cluster-announce-hostname"),
        "knows": sorted(name for name, _ in view.settings),
        "members": {
            one.node_id: (one.slots, one.primary_id, one.hostname, one.failed, one.handshake)
            for one in view.members
        },
        "addresses": {one.node_id: one.address for one in view.others if not one.failed},
    }
    if state:
        found["state"] = view.state_ok
    return found


@pytest.fixture(scope="module", params=servers.MATRIX)
def app(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    server = needs.server(request.param)
    with sets.LocalStatefulSet(PODS, server, server_config=CONFIG) as started:
        started.start_servers()
        yield started


def blank(app: sets.LocalStatefulSet) -> Both:
    """Make the real servers new, which nothing but a test may do."""

    def reset() -> bool:
        for pod in app.pods:
            if pod.ask("ROLE")[0] == "master":
                pod.ask("FLUSHALL")
            pod.ask("CLUSTER", "RESET", "HARD")
        return all(len(pod.cluster_nodes().splitlines()) == 1 for pod in app.pods)

    process.wait_for(reset, 10, "blank servers")
    for pod in app.pods:
        if app.server.version >= (7, 0, 0):
            pod.ask("CONFIG", "SET", "cluster-announce-hostname", "")
    return Both(app, app.server.name)


def name_of(ordinal: int) -> tuple[tuple[str, str], ...]:
    return (("cluster-announce-hostname", f"redis-app-{ordinal}.example"),)


FORMING: Final[Sequence[Command]] = (
    *(("epoch", ordinal, ordinal + 1) for ordinal in range(PODS)),
    *(("slots", ordinal, THIRDS[ordinal]) for ordinal in range(PODS)),
    ("meet", 0, 1),
    ("meet", 0, 2),
)

TABLE: Final[dict[str, Sequence[Command]]] = {
    "three primaries": FORMING,
    "a replica": (
        ("epoch", 0, 1), ("slots", 0, ALL), ("meet", 1, 0), ("meet", 2, 0), ("replicate", 1, 0),
        ("replicate", 2, 0),
    ),
    "epochs once, and never zero twice": (("epoch", 0, 1), ("epoch", 0, 2), ("epoch", 1, 1)),
    "no epoch for one that knows somebody": (("meet", 0, 1), ("epoch", 0, 1), ("epoch", 1, 1)),
    "slots once": (("slots", 0, THIRDS[0]), ("slots", 0, THIRDS[0]), ("slots", 0, ALL)),
    "slots of another": (("slots", 0, THIRDS[0]), ("meet", 0, 1), ("slots", 1, ALL)),
    "unknown primary": (("replicate", 0, PODS), ("replicate", 0, 1), ("replicate", 0, 0)),
    "a primary with slots follows nobody": (
        ("slots", 0, THIRDS[0]), ("slots", 1, THIRDS[1]), ("meet", 0, 1), ("replicate", 1, 0),
    ),
    "nobody follows a replica": (
        ("slots", 0, ALL), ("meet", 1, 0), ("replicate", 1, 0), ("meet", 2, 0), ("replicate", 2, 1),
    ),
    "a replica changes its primary": (
        ("slots", 0, THIRDS[0]), ("slots", 1, THIRDS[1]), ("meet", 2, 0), ("meet", 2, 1),
        ("replicate", 2, 0), ("replicate", 2, 1),
    ),
    "two clusters become one, and half is lost": (
        ("epoch", 0, 1), ("epoch", 1, 2), ("slots", 0, ALL), ("slots", 1, ALL), ("meet", 0, 1),
    ),
    "the same epoch, the same slots": (("slots", 0, ALL), ("slots", 1, ALL), ("meet", 0, 1)),
    "a meeting with oneself": (("meet", 0, 0),),
    "names": (("set", 0, name_of(0)), ("set", 1, name_of(1)), ("meet", 0, 1)),
    "settings that only some servers know": (
        ("set", 0, (("cluster-ping-interval", "100"),)),
        ("set", 0, (("cluster-ping-interval", "0"),)),
        ("set", 0, (("no-such-thing", "1"),)),
        ("set", 0, (("repl-diskless-sync-delay", "0"), ("repl-diskless-sync-max-replicas", "0"))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_commands(app: sets.LocalStatefulSet, name: str) -> None:
    both = blank(app)
    for command in TABLE[name]:
        both.send(command)
    both.settle()
    both.close()


def test_a_formed_cluster_says_ok_and_holds_keys(app: sets.LocalStatefulSet) -> None:
    both = blank(app)
    for command in ("slots", 0, ALL), ("meet", 1, 0), ("replicate", 1, 0):
        both.send(command)
    both.settle(state=True)
    assert both.real(0).state_ok
    app.pods[0].ask("SET", "key", "value")
    both.world.pods[0].server.keys = 1
    both.settle(state=True)
    assert both.real(1).keys
    for command in ("meet", 2, 0), ("replicate", 0, 2), ("replicate", 2, 0):
        both.send(command)
    both.settle(state=True)
    both.close()


_pods = st.integers(0, PODS - 1)
_commands = st.one_of(
    st.tuples(st.just("epoch"), _pods, st.integers(1, 3)),
    st.tuples(st.just("slots"), _pods, st.sampled_from([*THIRDS, ALL])),
    st.tuples(st.just("meet"), _pods, _pods),
    st.tuples(st.just("replicate"), _pods, st.integers(0, PODS)),
    st.tuples(st.just("set"), _pods, _pods.map(name_of)),
)


@settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(commands=st.lists(_commands, min_size=3, max_size=8))
def test_any_commands(app: sets.LocalStatefulSet, commands: list[Command]) -> None:
    both = blank(app)
    for command in commands:
        both.send(command)
    both.settle()
    both.close()


@pytest.mark.parametrize("name", servers.MATRIX)
@pytest.mark.parametrize("fate", ["restarted", "moved", "wiped"])
def test_what_befalls_a_pod(name: str, fate: str) -> None:
    """A restarted one knows everybody, a moved one is found again, a wiped one is a stranger."""
    with sets.LocalStatefulSet(PODS, needs.server(name), server_config=CONFIG) as app:
        app.start_servers()
        both = Both(app, name)
        for command in FORMING:
            both.send(command)
        pod = app.pods[1]
        app.take_down(pod, wipe=fate == "wiped", moved=fate == "moved")
        pod.start_server()
        pod.wait_server_up()
        both.world.restart(1, moved=fate == "moved", wiped=fate == "wiped")
        both.succeed(1)
        both.settle()
        both.close()
