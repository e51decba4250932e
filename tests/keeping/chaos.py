"""Blows at random, one after the other, each after the set has recovered from the one before.

That wait is what readiness gives a StatefulSet: the second copy of a shard is never taken away
before the first is back. The same seed deals the same blows to the same roles.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from collections.abc import Callable, Iterator
from typing import Final

from tests.keeping import fire, roles
from tests.statefulset import kubelet, misbehaviour, pod, sets

SHORT: Final = fire.NODE_TIMEOUT / 1000 / 3
"""Seconds for which a server is paused: too short for anybody to call it failed."""
WITHOUT_DNS: Final = (
    misbehaviour.Behaviour.DROP,
    misbehaviour.Behaviour.SERVFAIL,
    misbehaviour.Behaviour.RANDOM_BYTES,
    misbehaviour.Behaviour.TRUNCATE_AND_NO_TCP,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """One blow that the set has recovered from. Times in seconds."""

    at: float
    what: str
    whom: str
    healed: float
    """From the blow until all was well again."""
    gap: float
    """The longest time without an acknowledged write meanwhile."""

    def __str__(self) -> str:
        whom = self.whom.replace("redis-app-", "")
        return f"{self.at:6.1f} {self.what} {whom}: {self.healed:.1f} s, gap {self.gap:.2f} s"


class Chaos:
    """Deals blows to a set that is under fire."""

    def __init__(self, under: fire.Fire, seed: int) -> None:
        """Do nothing yet."""
        self._under = under
        self._app: sets.LocalStatefulSet = under.app
        self._random = random.Random(seed)
        self._second: pod.Pod | None = None
        self._kinds: dict[str, Callable[[], str]] = {
            "roll": self._roll,
            "kill a primary": self._kill_primary,
            "wipe a primary": lambda: self._wipe(self._primary()),
            "wipe a replica": lambda: self._wipe(self._replica()),
            "wipe the first": lambda: self._wipe(self._app[0]),
            "restart two": self._restart_two,
            "kill a sidecar": self._kill_sidecar,
            "second sidecar": self._second_sidecar,
            "pause": self._pause,
            "no DNS": self._no_dns,
            "slow DNS": self._slow_dns,
            "stale DNS": self._stale_dns,
        }

    def run(self, seconds: float) -> Iterator[Blow]:
        """Go on for so long, and finish what is begun. Every kind comes before any comes again."""
        began = time.monotonic()
        left: list[str] = []
        while time.monotonic() - began < seconds:
            if not left:
                left = self._random.sample(sorted(self._kinds), len(self._kinds))
            yield self._deal(left.pop(), began)

    def _deal(self, what: str, began: float) -> Blow:
        gaps, at = len(self._under.writer.gaps), time.monotonic()
        try:
            whom = self._kinds[what]()
            self._under.settle()
        except Exception as error:
            error.add_note(f"after the blow: {what}")
            raise
        seen = self._under.writer.gaps[gaps:]
        return Blow(
            at=at - began,
            what=what,
            whom=whom,
            healed=time.monotonic() - at,
            gap=max((seconds for _, seconds in seen), default=0.0),
        )

    # Whom

    def _pod(self) -> pod.Pod:
        return self._random.choice(self._app.pods)

    def _primary(self) -> pod.Pod:
        return self._random.choice(roles.primaries(self._app))

    def _replica(self) -> pod.Pod:
        (found,) = roles.replicas(self._app, self._primary())
        return found

    # What: each returns who was hit, and leaves every process running

    def _roll(self) -> str:
        one = self._pod()
        return f"{one.name} ({self._under.roll(one).partition(':')[0]})"

    def _kill_primary(self) -> str:
        """It is back at once, or when its replica has taken over."""
        one, late = self._primary(), self._random.random() < 0.5
        copies = roles.replicas(self._app, one)
        self._under.strike([one])
        if late:
            fire.promoted(copies)
        kubelet.start([one])
        return f"{one.name} ({'late' if late else 'at once'})"

    def _wipe(self, one: pod.Pod) -> str:
        self._under.strike([one], wipe=True)
        kubelet.start([one])
        return one.name

    def _restart_two(self) -> str:
        first, second = self._random.sample(roles.primaries(self._app), 2)
        some = [
            self._random.choice([one, *roles.replicas(self._app, one)]) for one in (first, second)
        ]
        self._under.strike(some)
        kubelet.start(some)
        return ", ".join(one.name for one in some)

    def _kill_sidecar(self) -> str:
        one = self._pod()
        one.kill_sidecar()
        kubelet.begin([one])
        return one.name

    def _second_sidecar(self) -> str:
        """It stays for a while: the set has to bear the blows that follow with it."""
        if self._second is not None:
            self._second.sidecars[0].stop()
        self._second = self._pod()
        self._second.start_sidecar(env={"BOOTSTRAP_HTTP": "off"})
        # The pod's probes are still the first one's to answer.
        self._second.sidecars.insert(0, self._second.sidecars.pop())
        return self._second.name

    def _pause(self) -> str:
        one = self._pod()
        one.pause()
        time.sleep(SHORT)
        one.resume()
        return one.name

    def _no_dns(self) -> str:
        """A pod moves while nobody can be told."""
        one, how = self._pod(), self._random.choice(WITHOUT_DNS)
        with self._behaving(how):
            self._under.strike([one])
            kubelet.start([one])
            time.sleep(self._random.uniform(1.0, 5.0))
        return f"{one.name} ({how.value})"

    def _slow_dns(self) -> str:
        """A pod is back before DNS says where."""
        one, after = self._pod(), self._random.uniform(1.0, 6.0)
        self._under.strike([one], dns_after=after)
        kubelet.start([one])
        return f"{one.name} ({after:.1f} s)"

    def _stale_dns(self) -> str:
        """DNS goes on saying where a pod was."""
        one, kept = self._pod(), self._random.uniform(1.0, 6.0)
        spec = self._app.spec
        self._app.names.stale(one.name, spec.service, spec.namespace, seconds=kept)
        self._under.strike([one])
        kubelet.start([one])
        return f"{one.name} ({kept:.1f} s)"

    @contextlib.contextmanager
    def _behaving(self, how: misbehaviour.Behaviour) -> Iterator[None]:
        self._app.names.behave(how)
        try:
            yield
        finally:
            self._app.names.behave(None)
