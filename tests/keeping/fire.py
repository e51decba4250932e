"""Sets that lose pods under a continuous writer, and which of its writes may be lost with them.

Replication does not wait: what a primary acknowledged just before it was killed, and its replica
never got, is gone. Everything else has to be there at the end. So at every blow the copies that
survive are read, and only what none of them has is excused. A hand-over excuses nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Self

import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import config, kubelet, network, oracle, pod, process, sets, spec, writer

NODE_TIMEOUT: Final = 3000
"""Of the servers, in ms: elections are what most of these tests wait for."""
SETTINGS: Final[config.Settings] = {
    "cluster-node-timeout": NODE_TIMEOUT,
    "repl-diskless-sync-delay": 0,
    # The copies that survive are read whatever the cluster thinks of itself.
    "cluster-allow-reads-when-down": "yes",
}
ENV: Final = {"BOOTSTRAP_NODE_TIMEOUT": str(NODE_TIMEOUT), "BOOTSTRAP_INTERVAL": "2"}
GRACE: Final = 15.0
"""Seconds that a pod has for its end; its server takes at most ten of them for its replicas."""
LONG: Final = 1.0
"""Seconds from which a gap is told of."""
PAUSE: Final = 0.004
"""Seconds between two writes: the machine has other tests to run."""


@contextlib.contextmanager
def formed(name: str) -> Iterator[sets.LocalStatefulSet]:
    """Six pods with keys, whose failures are noticed within seconds."""
    with (
        keeping.formed(name, server_config=SETTINGS, sidecar_env=ENV) as app,
        forming.told(app),
    ):
        yield app


class Fire:
    """A writer on a set, and the account of what it may lose. A context manager."""

    def __init__(self, app: sets.LocalStatefulSet) -> None:
        """Write nothing yet."""
        self.app = app
        self.excused: set[int] = set()
        """Numbers that no surviving copy had when their primary was killed."""
        self.writer = writer.Writer(
            lambda: [(one.address, one.port) for one in app.pods],
            pause=PAUSE,
            access=app.pods[0].access,
        )

    def __enter__(self) -> Self:
        self.writer.__enter__()
        self.writer.wait_for(100)
        return self

    def __exit__(self, *exc: object) -> None:
        self.writer.stop()

    def roll(self, one: pod.Pod, env: spec.Environment | None = None) -> str:
        """Replace a pod as Kubernetes does, up to its readiness; return the hand-over's words.

        The hook first, then SIGTERM for the server, then for the sidecar; another address. With an
        `env` its sidecar gets more variables than the set's.
        """
        status, text = roles.hand_over(one)
        assert status == 200
        assert text.startswith(("done: ", "nothing: ")), text
        self.app.take_down(one, grace=GRACE)
        kubelet.start([one], env=env)
        forming.wait_ready([one])
        return text

    def strike(
        self, some: Sequence[pod.Pod], *, wipe: bool = False, dns_after: float = 0.0
    ) -> None:
        """Kill pods, which will come back elsewhere; never both copies of a shard."""
        copies = [copy for one in some for copy in roles.replicas(self.app, one)]
        assert not set(copies) & set(some)
        for one in some:
            self.app.take_down(one, wipe=wipe, dns_after=dns_after)
        self._excuse(copies)

    def freeze(self, one: pod.Pod) -> None:
        """Let a pod's server hang; what it has not passed on may be lost once it is replaced."""
        copies = roles.replicas(self.app, one)
        one.pause()
        self._excuse(copies)

    def cut(self, one: pod.Pod, net: network.Network) -> None:
        """Cut a pod off; what it has not passed on may be lost once it is replaced."""
        copies = roles.replicas(self.app, one)
        net.cut(one.ordinal)
        self._excuse(copies)

    def _excuse(self, copies: Sequence[pod.Pod]) -> None:
        """Excuse what these copies lack of what the primaries just struck have acknowledged."""
        # One more may have been acknowledged by who is dead now, and be on its way to us.
        acknowledged = range(self.writer.acknowledged + 1)
        for copy in copies:
            held = numbers(copy)
            wanted = {number for number in acknowledged if number % writer.KEYS in held}
            self.excused |= wanted.difference(*held.values())

    def back(self, some: Sequence[pod.Pod]) -> float:
        """Start pods as a kubelet does; seconds until the whole set is healthy and ready."""
        kubelet.start(some)
        return self.settle()

    def settle(self) -> float:
        """Wait until nothing is wrong anywhere, and writes go through; seconds of it."""
        took = oracle.wait_healthy(self.app.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(self.app.pods)
        self.writer.wait_for(20)
        return took

    def judge(self) -> set[int]:
        """Stop writing, and see that nothing is lost that should be there; what else is lost.

        Healthy means that every slot has one owner, on every node, and that there is no ghost.
        """
        self.settle()
        self.writer.stop()
        assert oracle.problems(self.app.pods, replicas_per_shard=1) == []
        lost = self.writer.lost()
        assert lost <= self.excused, f"{len(lost - self.excused)} of {self.writer.report()}"
        assert keeping.missing_keys(self.app) == []
        return lost

    def report(self, what: str, lost: set[int]) -> str:
        """What happened, on a line."""
        long = [f"{seconds:.2f} s" for _, seconds in self.writer.gaps if seconds >= LONG]
        return (
            f"{what}: {self.writer.acknowledged} writes, longest gap {self.writer.longest:.2f} s"
            f" ({', '.join(long) or 'none'} of {LONG:g} s and more); {len(lost)} lost of"
            f" {len(self.excused)} that no copy had"
        )


def numbers(copy: pod.Pod) -> Mapping[int, set[int]]:
    """What a replica holds of the writer's numbers, by those of the writer's keys that it has."""
    with copy.client() as client:
        asked = client.pipeline(transaction=False)
        asked.execute_command("READONLY")
        for key in range(writer.KEYS):
            asked.smembers(f"writer:{key}")
        _, *found = asked.execute(raise_on_error=False)
    held = {}
    for key, members in enumerate(found):
        if isinstance(members, redis.exceptions.MovedError):
            continue  # Another shard's.
        assert isinstance(members, set), members
        held[key] = {int(number) for number in members}
    return held


def promoted(copies: Sequence[pod.Pod]) -> None:
    """Wait until each of them has become a primary."""
    process.wait_for(
        lambda: all(keeping.role(one) == "master" for one in copies),
        keeping.HEALTHY,
        f"{copies} to take over",
    )
