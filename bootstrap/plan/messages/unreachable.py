"""A server that could not be read: how long that usually lasts, and what to look at."""

from __future__ import annotations

import dataclasses
from typing import Final

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, durations, unreachable_looks

USUAL: Final = {
    Trouble.REFUSED: durations.STARTED,
    Trouble.TIMEOUT: durations.CACHED,
}
"""Troubles that pass by themselves, and after how many seconds. A person mends all others."""
SILENT: Final = frozenset({Trouble.REFUSED, Trouble.TIMEOUT, Trouble.LOADING})
"""Troubles of a server that does not say yet what it is."""
PASSING: Final = frozenset({Trouble.LOADING})
"""Troubles that pass by themselves, without a usual time: a big data set takes minutes to load."""

_HELD: Final = Todo(
    what="what does the start gate of {pod} wait for?",
    command="{sidecar} python -m bootstrap --dry-run",
    expect="its first line names the cause",
)
"""For a server that its sidecar holds down."""

_DID: Final = {
    Trouble.PASSWORD: "took the sidecar's password",
    Trouble.PERMISSION: "granted the user {user} all that the sidecar needs",
    Trouble.PROTECTED: "answered other pods",
    Trouble.COMMAND: "knew all commands that the sidecar needs",
    Trouble.NOT_CLUSTER: "had cluster-enabled yes",
    Trouble.TLS: "spoke TLS with the sidecar",
    Trouble.TLS_EXPIRED: "had a certificate that is valid now",
    Trouble.TLS_NAME: "had a certificate with the pod's name",
    Trouble.TLS_UNTRUSTED: "had a certificate of an authority in BOOTSTRAP_TLS_CA_FILE",
    Trouble.TLS_OURS: "accepted the sidecar's certificate",
}
"""What the other servers did, and those at fault did not."""


def fix(facts: Facts, pod: str, trouble: Trouble) -> tuple[Todo, ...]:
    """What to look at for one pod. The first look says how the pod differs from the others."""
    first, *more = unreachable_looks.LOOKS[trouble]
    seen = _others(facts, trouble)
    if seen:
        first = dataclasses.replace(first, what=f"{seen}: {first.what}")
    found = (*_spoilt(facts, trouble), *_held(facts, pod), first, *more, *_ours_too(facts, trouble))
    return tuple(commands.filled(one, facts.topology, pod) for one in found)


def _spoilt(facts: Facts, trouble: Trouble) -> tuple[Todo, ...]:
    """For an odd password. All servers are sent the same, so any refusal counts."""
    nodes = (pod.node for pod in facts.snapshot.pods)
    odd = any(isinstance(node, Unreachable) and node.odd for node in nodes)
    return unreachable_looks.SPOILT if odd and trouble is Trouble.PASSWORD else ()


def _held(facts: Facts, pod: str) -> tuple[Todo, ...]:
    return (_HELD,) if any(one.pod == pod and one.held for one in facts.snapshot.reports) else ()


def _ours_too(facts: Facts, trouble: Trouble) -> tuple[Todo, ...]:
    """For our own certificate, if other servers refuse it while this server's has expired."""
    ours = facts.snapshot.pods if trouble is Trouble.TLS_EXPIRED else ()
    refusing = [pod.name for pod in ours if _has(pod, Trouble.TLS_OURS)]
    what = (
        f"the sidecar's own certificate is refused by {slots.few(refusing)}: renew it too, at"
        " the same paths, BOOTSTRAP_TLS_CERT_FILE and BOOTSTRAP_TLS_KEY_FILE; the sidecar reads"
        " it by itself"
    )
    return (Todo(what=what),) if refusing else ()


def _others(facts: Facts, trouble: Trouble) -> str:
    """How many servers let the sidecar in, and which do not; empty if none or all do."""
    did = _DID.get(trouble, "")
    if trouble is Trouble.PASSWORD and not facts.topology.with_password:
        did = "let the sidecar in without a password"
    # A protected server always answers its own pod, which says nothing about others.
    inside = facts.me.name if trouble is Trouble.PROTECTED else ""
    pods = [pod for pod in facts.snapshot.pods if pod.name != inside]
    well = [pod.name for pod in pods if pod.view is not None]
    ill = [pod.name for pod in facts.snapshot.pods if _has(pod, trouble)]
    if not (did and well and ill):
        return ""
    only = f" ({well[0]})" if len(well) == 1 else ""
    return f"{len(well)} of {len(well) + len(ill)} servers{only} {did}, {slots.few(ill)} did not"


def _has(pod: Pod, trouble: Trouble) -> bool:
    return isinstance(pod.node, Unreachable) and pod.node.trouble is trouble
