"""Real servers and their fakes side by side, for the test that compares them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from typing import Final

from bootstrap.config import secret
from bootstrap.model import actions
from bootstrap.model.view import View
from bootstrap.redis import connection, node
from tests.simulator.node import Server
from tests.simulator.products import PRODUCTS
from tests.simulator.world import World
from tests.statefulset import process, sets

PODS: Final = 3
CONFIG: Final = {"cluster-node-timeout": 1000, "repl-diskless-sync-delay": 0}

Command = tuple[str, int, object]
"""What, to which pod, and what with: a pod, an epoch, slots, settings."""


class Both:
    """Real servers, and a fake of each with the same id at the same address."""

    def __init__(self, app: sets.LocalStatefulSet, name: str) -> None:
        """The servers have to be blank."""
        self.app = app
        self.loop = asyncio.Runner()
        self.world = World(PRODUCTS[name], PODS, replicas=0)
        access = connection.Access(credentials=secret.Credentials(None, None, None))
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
        # Others are about to hear of it, and may refuse for that what they would have taken before.
        heard = isinstance(action, actions.AddSlots) and not self.fake(ordinal).alone
        if heard or isinstance(action, actions.Meet | actions.Replicate):
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
                return actions.Meet(
                    pod=name,
                    peer=peer.name,
                    address=peer.address,
                    port=peer.port,
                    bus_port=peer.port + 10000,
                    why="",
                )
            case "replicate", int():
                node_id = self.fake(detail).node_id if detail < PODS else "0" * 40
                return actions.Replicate(pod=name, primary="", primary_id=node_id, why="")
            case "forget", int():
                node_id = self.world.pods[detail].server.node_id if detail < PODS else "0" * 40
                return actions.Forget(pod=name, ghost="", node_id=node_id, why="")
            case "set", tuple():
                return actions.ConfigSet(pod=name, settings=detail, why="")
            case _:
                raise ValueError(command)

    @contextlib.contextmanager
    def down(self, ordinal: int) -> Iterator[None]:
        """Let the pod's server be dead for a while, and say nothing that could be compared."""
        pod, fake = self.app.pods[ordinal], self.world.pods[ordinal].server
        pod.kill_server()
        fake.up = False
        try:
            yield
        finally:
            pod.start_server()
            pod.wait_server_up()

    def chat(self, ordinal: int, pings: int = 4) -> None:
        """Wait until a real server has been told of others by as many pings."""
        pod = self.app.pods[ordinal]

        def heard() -> int:
            said = str(pod.ask("CLUSTER", "INFO"))
            found = re.search(r"cluster_stats_messages_ping_received:(\d+)", said)
            return int(found[1]) if found else 0

        before = heard()
        process.wait_for(lambda: heard() >= before + pings, 30, f"{pings} pings of {pod}")

    def settle(self, *, state: bool = False) -> None:
        """Let time pass for the fake, and wait until the real ones have come as far."""
        for _ in range(60):
            self.world.pass_time(0.5)
            self.world.gossip()
        up = [ordinal for ordinal in range(PODS) if self.world.pods[ordinal].server.up]
        wanted = [facts(self.fake(ordinal), state=state) for ordinal in up]

        def same() -> bool:
            return [facts(self.real(number), state=state) for number in up] == wanted

        try:
            process.wait_for(same, 15, "the real servers say what the fake ones do")
        except TimeoutError:
            self.check(state=state)

    def check(self, *, state: bool = False) -> None:
        """The real ones say what the fake ones do."""
        up = [ordinal for ordinal in range(PODS) if self.world.pods[ordinal].server.up]
        wanted = [facts(self.fake(ordinal), state=state) for ordinal in up]
        assert [facts(self.real(number), state=state) for number in up] == wanted


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
