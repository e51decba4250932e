"""Run the real process on a pod, judge its answer, and see that no node was changed by it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Final

from tests.refusals import fingerprints
from tests.statefulset import pod as pods
from tests.statefulset import process, sidecar
from tests.statefulset import spec as specs

LONG: Final = 60.0
"""Seconds after which a test gives up. Nothing is measured with it."""
TIMEOUTS: Final = ("500ms", "4s", "16s")
"""A run never ends within a look, and mostly the first one shows all there is to see. Where it
does not, since DNS was asked another question first, the next run is given more time."""
NOT_TOLD: Final = (
    "a first answer of DNS",
    "a look at ",
    "to say which pods it has",
)
SECRET: Final = "s3cret"
"""Every password of these tests holds it, and nothing that is written may."""

REACHED, FAILED, NOT_YET, BLOCKED, USAGE, CONFIGURATION = 0, 1, 2, 3, 64, 78
"""The exit statuses of the contract, written down once more: they must never change."""

Needles = Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a run ended, and everything that it wrote."""

    status: int
    text: str

    def lacks(self, needles: Needles) -> list[str]:
        """What of it is nowhere in the text."""
        return [one for one in needles if one not in self.text]

    def has_line(self, needles: Needles) -> bool:
        """Whether one line holds all of it: names, what was seen, what to do."""
        return any(all(one in line for one in needles) for line in self.text.splitlines())


def ask(pod: pods.Pod, *args: str, env: specs.Environment | None = None) -> Answer:
    """Run it in a pod until it ends by itself."""
    return answer(pod.start_sidecar(args, env=env))


def answer(running: sidecar.Sidecar) -> Answer:
    """Wait for a run's end. Whatever it wrote, there is no password in it."""
    status = running.wait(LONG)
    text = running.output() + running.errors()
    assert SECRET not in text
    assert "Traceback" not in text
    return Answer(status=status, text=text)


def refused(
    asked: pods.Pod,
    everybody: Sequence[pods.Pod],
    *,
    dry: int,
    once: int,
    says: Needles,
    env: specs.Environment | None = None,
) -> None:
    """`--dry-run` and `--once` end so, say so on one line, and leave every node as it is.

    A dry run shows things on several lines, for a person to read; there, all is somewhere.
    """
    before = fingerprints.of(everybody)
    dry_run = asked.start_sidecar(["--dry-run"], env=env)
    for timeout in TIMEOUTS:
        logged = ask(asked, "--once", env={"BOOTSTRAP_TIMEOUT": timeout, **(env or {})})
        if logged.has_line(says) or not any(one in logged.text for one in NOT_TOLD):
            break
    assert logged.has_line(says), (logged.lacks(says), logged)
    assert logged.status == once, logged
    shown = answer(dry_run)
    assert not shown.lacks(says), (shown.lacks(says), shown)
    assert shown.status == dry, shown
    changes = fingerprints.changes(before, fingerprints.of(everybody), may_announce=asked)
    assert not changes, "\n".join(changes)


def plans(pod: pods.Pod) -> list[dict[str, Any]]:
    """The plans in the log of the pod's last sidecar."""
    return [entry for entry in pod.sidecar.log() if entry["event"] == "plan"]


def wait_said(pod: pods.Pod, needles: Needles) -> dict[str, Any]:
    """Wait until a plan in the log holds all of it, and return it."""
    return process.wait_for(
        lambda: next((e for e in plans(pod) if all(one in json.dumps(e) for one in needles)), {}),
        LONG,
        f"{pod.name} says {needles}",
    )


def announce(pods: Sequence[pods.Pod]) -> None:
    """Do what the pods' own sidecars do first: their nodes prove whose they are, where they can."""
    for pod in pods:
        if carries_names(pod):
            pod.ask("CONFIG", "SET", "cluster-announce-hostname", pod.fqdn)
        pod.ask("CONFIG", "SET", "cluster-announce-ip", pod.address)


def carries_names(pod: pods.Pod) -> bool:
    """Whether a pod's server has a place for its hostname."""
    return pod.server.version >= (7, 0, 0)
