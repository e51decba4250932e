"""One StatefulSet of Redis with sidecars in a cluster, and what a test does with it."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.e2e import kubectl
from tests.statefulset import answers, oracle, views

OVERLAYS: Final = Path(__file__).parent / "overlays"
INSIDE: Final = Path(__file__).parent / "inside"
FORMED: Final = 600.0
"""Seconds that images may take to arrive, volumes to be made and pods to get ready."""
KEYS: Final = 500
LOCAL: Final = "127.0.0.1"
"""Where a pod's own Redis is, for what runs inside of it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pod:
    """What Kubernetes says of a pod."""

    name: str
    uid: str
    address: str
    ready: bool


class RedisSet:
    """A StatefulSet that a folder renders to. `selector` is the label that its pods have."""

    def __init__(
        self,
        control: kubectl.Kubectl,
        *,
        folder: Path = OVERLAYS / "base",
        name: str = "redis-app",
        selector: str = "app=redis-app",
        server: str = "redis",
        claim: str = "data",
    ) -> None:
        """Nothing is applied yet. `server` is Redis' container, `claim` the volume's template."""
        self.kubectl = control
        self.name = name
        self.server = server
        self._folder = folder
        self._selector = selector
        self._claim = claim
        self._began = 0.0

    def apply(self, image: str, words: Mapping[str, str] | None = None) -> None:
        """Make it; from now on the time until it is ready is counted."""
        self._began = time.monotonic()
        self.kubectl.apply(self._folder, image, words)

    # Pods

    @property
    def wanted(self) -> int:
        """How many pods there should be."""
        told = self.kubectl.json("get", "statefulset", self.name)
        return int(told["spec"]["replicas"])

    def pods(self) -> dict[str, Pod]:
        """Return the pods that are there and are not being deleted, by name."""
        told = self.kubectl.json("get", "pods", f"--selector={self._selector}")
        present = (one for one in told["items"] if "deletionTimestamp" not in one["metadata"])
        return {one.name: one for one in map(_pod, present)}

    def pod(self, ordinal: int) -> str:
        """Return the name of the pod with this ordinal."""
        return f"{self.name}-{ordinal}"

    def wait_ready(self, *, other_than: Iterable[Pod] = (), timeout: float = FORMED) -> float:
        """Wait until all pods are ready, and none of them is one of these any more.

        Return the seconds since `apply`.
        """
        wanted, gone = self.wanted, {one.uid for one in other_than}

        def lacking() -> str:
            pods = self.pods()
            old = [one.name for one in pods.values() if one.uid in gone]
            idle = [one.name for one in pods.values() if not one.ready]
            if len(pods) == wanted and not old and not idle:
                return ""
            return f"{len(pods)} of {wanted} pods; still there: {old}; not ready: {idle}"

        self.kubectl.until_nothing(lacking, timeout, f"{self.name} is ready")
        return time.monotonic() - self._began

    def delete_pods(self, *names: str, with_claims: bool = False) -> None:
        """Delete these pods, and wait until others are ready in their places."""
        before = self.pods()
        if with_claims:
            # They are held by their pods until those are gone.
            claims = [f"persistentvolumeclaim/{self._claim}-{name}" for name in names]
            self.kubectl("delete", "--wait=false", *claims)
        self.kubectl("delete", *[f"pod/{name}" for name in names])
        self.wait_ready(other_than=[before[name] for name in names])

    def scale(self, replicas: int) -> None:
        """Have so many pods, and wait until they are ready."""
        self.kubectl("scale", f"statefulset/{self.name}", f"--replicas={replicas}")
        self.wait_ready()

    # Redis

    def inside(self, pod: str, script: Path, *arguments: str, timeout: float = 120.0) -> Any:
        """Run a script by the Python of a pod's sidecar; return what it printed, as JSON."""
        words = ("python", "-c", script.read_text(), LOCAL, *arguments)
        told = self.kubectl("exec", pod, "--container=bootstrap", "--", *words, timeout=timeout)
        return json.loads(told)

    def look(self) -> list[views.View]:
        """Ask every pod's node; KubectlError when one cannot be asked."""
        script = Path(answers.__file__)
        return [
            views.build(one.name, f"{one.address}:6379", self.inside(one.name, script))
            for one in self.pods().values()
        ]

    def wait_healthy(self, timeout: float = 120.0) -> list[views.View]:
        """Wait until every node knows just the others, all slots are owned and all links are up."""
        seen: list[views.View] = []

        def problems() -> str:
            try:
                seen[:] = self.look()
            except kubectl.KubectlError as error:
                return str(error)
            return "\n".join(oracle.judge(seen, nodes=self.wanted))

        self.kubectl.until_nothing(problems, timeout, f"{self.name} is healthy")
        return seen

    def primaries(self) -> list[str]:
        """Return the names of the pods whose nodes own slots."""
        return sorted(view.pod for view in self.wait_healthy() if _owns(view))

    def fill(self, prefix: str) -> None:
        """Write KEYS keys, all over the slots."""
        missing = self.inside(self.pod(0), INSIDE / "keys.py", "fill", prefix, str(KEYS))
        assert missing == []

    def missing(self, prefix: str) -> list[str]:
        """Return which of them are not there as they were written."""
        told = self.inside(self.pod(0), INSIDE / "keys.py", "missing", prefix, str(KEYS))
        return list(told)

    def bootstrap(self, pod: str, *arguments: str) -> str:
        """Run `python -m bootstrap` in a sidecar's container; KubectlError unless it exits with 0."""
        words = ("python", "-m", "bootstrap", *arguments)
        return self.kubectl("exec", pod, "--container=bootstrap", "--", *words)

    def calls(self) -> Mapping[str, Mapping[str, int]]:
        """Return, by pod, how often each command was called of its server."""
        return {name: self._calls(name) for name in self.pods()}

    def _calls(self, pod: str) -> dict[str, int]:
        # Not by Python's client, which has commands of its own to send.
        words = ("redis-cli", "info", "commandstats")
        told = self.kubectl("exec", pod, f"--container={self.server}", "--", *words)
        lines = (line.split(":") for line in told.split() if line.startswith("cmdstat_"))
        return {
            name.removeprefix("cmdstat_"): int(facts.partition("calls=")[2].partition(",")[0])
            for name, facts in lines
        }


def _pod(told: Mapping[str, Any]) -> Pod:
    status = told["status"]
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    return Pod(
        name=told["metadata"]["name"],
        uid=told["metadata"]["uid"],
        address=status.get("podIP", ""),
        ready=conditions.get("Ready") == "True",
    )


def _owns(view: views.View) -> bool:
    line = view.line(view.node_id)
    return bool(line and line.slots)
