"""One sidecar process: what it remembers, how it looks, and how far it gets before it is killed.

The memory is a second writing of the observer's, kept small on purpose: the real one is tested
with real processes.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable

from bootstrap import plan as planning
from bootstrap.model import bus, directory, fast_form
from bootstrap.model.actions import Action
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Scope, Snapshot, Unreachable
from bootstrap.model.timers import Timers
from bootstrap.model.view import View
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Step
from tests.simulator import oracle
from tests.simulator.node import Server
from tests.simulator.world import World

Cut = Callable[[dict[str, list[Action]]], dict[str, int]]
"""How many of its actions each pod still gets before the sidecar dies, by pod name."""


class Sidecar:
    """Lives in one pod, and may be dead. A restarted one is a new one: nothing is remembered."""

    def __init__(self, world: World, ordinal: int) -> None:
        """Start beside the server that is there."""
        self.world = world
        self.ordinal = ordinal
        self.plan: Plan | None = None
        self.sent = 0
        self._scope = Scope.LOCAL
        self._since: dict[str, float] = {}
        self._timeouts: dict[str, int] = {}
        self._proven: dict[str, str] = {}
        self._run, self._looked = "", True

    @property
    def seed(self) -> bool:
        """Whether this one may form."""
        return self.ordinal == self.world.ordinal_start

    def tick(self, cut: Cut | None = None) -> None:
        """One turn of the loop. With a cut it dies on the way: make a new one."""
        snapshot, plan = self._look(self._scope)
        step = plan.steps[0] if plan.steps else None
        if step is not None and step.confirm:
            snapshot, again = self._look(snapshot.scope)
            step, plan = (step if again.steps[:1] == (step,) else None), again
        self.plan = plan
        if step is not None:
            self._apply(step, plan, cut)
        self._scope = plan.look if not plan.reached else Scope.LOCAL

    def _apply(self, step: Step, plan: Plan, cut: Cut | None) -> None:
        by_pod: dict[str, list[Action]] = defaultdict(list)
        for action in step.actions:
            by_pod[action.pod].append(action)
        most = cut(by_pod) if cut else {}
        for pod, some in by_pod.items():
            for action in some[: most.get(pod, 0) if cut else None]:
                server = self._server_of(pod)
                if server is None:
                    continue
                oracle.before(self.world, self.ordinal, plan, action, server)
                self.sent += 1
                refused = self.world.carry_out(action, server)
                oracle.after(self.world, action, refused)

    def _server_of(self, pod: str) -> Server | None:
        if pod == self.world.pods[self.ordinal].name:
            server = self.world.pods[self.ordinal].server
            return server if server.up and not server.loading else None
        return self.world.at(self._proven.get(pod, "nowhere"))

    # Looking

    def _look(self, scope: Scope) -> tuple[Snapshot, Plan]:
        while True:
            snapshot = self.snapshot(scope)
            plan = planning.decide(snapshot, self.world.topology(self.ordinal))
            if isinstance(plan, LookFurther):
                scope = plan.scope
                continue
            oracle.judge_plan(snapshot, self.world.topology(self.ordinal), plan)
            oracle.judge_advice(self.world, plan)
            return snapshot, plan

    def snapshot(self, scope: Scope) -> Snapshot:
        """What it sees now."""
        mine = self.world.pods[self.ordinal]
        topology = self.world.topology(self.ordinal)
        said = self.world.with_links(mine.server, mine.server.read())
        me = Pod(
            name=mine.name,
            ordinal=self.ordinal,
            hostname=topology.hostname_of(self.ordinal),
            resolved=directory.UNASKED,
            address=mine.server.address,
            node=said,
        )
        ordinals: set[int] = set()
        if scope is Scope.SEED:
            ordinals = {topology.ordinal_start}
        if scope is Scope.ALL:
            members = said.members if isinstance(said, View) else ()
            known = (topology.ordinal_of(member.hostname) for member in members)
            ordinals = {*topology.ordinals, *self.world.names(), *(one for one in known if one)}
        peers = [self._peer(one, said) for one in sorted(ordinals - {self.ordinal})]
        pods = tuple(sorted((me, *peers), key=lambda pod: pod.ordinal))
        for pod in () if self.world.product.names else peers:
            if [one.address for one in pods].count(pod.address) > 1:
                self._proven.pop(pod.name, None)
        memory = self._memory(me, pods)
        self._looked = self._looked or scope is Scope.ALL
        return Snapshot(scope=scope, pods=pods, timers=memory)

    def _peer(self, ordinal: int, mine: View | Unreachable) -> Pod:
        topology = self.world.topology(self.ordinal)
        name, hostname = topology.name_of(ordinal), topology.hostname_of(ordinal)
        resolved = self.world.resolve(ordinal)
        pod = Pod(name=name, ordinal=ordinal, hostname=hostname, resolved=resolved)
        members = mine.members if isinstance(mine, View) else ()
        told = [one.address for one in members if one.hostname == hostname and one.address]
        best = pod
        for address in dict.fromkeys((self._proven.get(name), *resolved.addresses, *told)):
            server = self.world.anybody_at(address) if address else None
            if server is None or address is None:
                continue
            seen = dataclasses.replace(pod, address=address, node=server.read())
            if seen.view and prove(seen.view, hostname, address, topology) is Proof.OURS:
                self._proven[name] = address
                return seen
            if best.view is None and (best.node is None or seen.view):
                best = seen
        self._proven.pop(name, None)
        return best

    # Remembering

    def _memory(self, me: Pod, pods: tuple[Pod, ...]) -> Timers:
        my = me.view
        for pod in pods:
            if pod.view is not None and not fast_form.has_low_node_timeout(pod.view):
                said = pod.view.setting(fast_form.NODE_TIMEOUT)
                self._timeouts[pod.name] = int(said or 0)
        if any(pod.view is not None and fast_form.has_low_node_timeout(pod.view) for pod in pods):
            self._since.setdefault("dipped", self.world.now)
        has_low_node_timeout = self._since.get("dipped")
        for pod in pods:
            if pod.view is not None and pod.view.myself.slots:
                self._since.setdefault(f"slots of {pod.name}", self.world.now)
        alone = my is not None and my.alone
        roleless = my is not None and not (my.myself.is_replica or my.myself.slots or my.keys)
        if my is not None and my.run_id != self._run:
            self._run, self._looked = my.run_id, my.alone
        others = () if my is None else [one for one in my.others if not one.handshake]
        unwell = my is not None and any(not bus.connected(my, one) for one in others)
        return Timers(
            looked=self._looked,
            unwell=self._lasting("unwell", unwell),
            strange=tuple(
                (pod.name, self._lasting(f"stranger as {pod.name}", self._strange(pod)))
                for pod in pods
            ),
            marked=self._lasting("marked", my is not None and fast_form.marked(my)),
            own_dip=self._lasting("own dip", my is not None and fast_form.has_low_node_timeout(my)),
            idle=max(
                self._lasting("blank", roleless and alone),
                self._lasting("met", roleless and not alone),
            ),
            dipped=None if has_low_node_timeout is None else self.world.now - has_low_node_timeout,
            node_timeouts=tuple(sorted(self._timeouts.items())),
            slotted=tuple(
                (pod.name, self.world.now - self._since[f"slots of {pod.name}"])
                for pod in pods
                if f"slots of {pod.name}" in self._since
            ),
        )

    def _strange(self, pod: Pod) -> bool:
        topology = self.world.topology(self.ordinal)
        proof = prove(pod.view, pod.hostname, pod.address, topology) if pod.view else None
        return proof is Proof.FOREIGN

    def _lasting(self, what: str, so: bool) -> float:
        if not so:
            self._since.pop(what, None)
            return 0.0
        return self.world.now - self._since.setdefault(what, self.world.now)

    @property
    def doing(self) -> str:
        """What it is about, for the message of a failed test."""
        if self.plan is None:
            return f"{self.ordinal}: not asked yet"
        plan = self.plan
        said = [
            *(f"blocked {one.code}: {one.why}" for one in plan.blocked),
            *(f"waits for {one.what}" for one in plan.waiting),
            *(f"until {one.until}: {[str(a) for a in one.actions]}" for one in plan.steps[:1]),
        ]
        return f"{self.ordinal}: {Phase(plan.phase).value}; {'; '.join(said)}"
