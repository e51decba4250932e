"""Answers `/startupz` while the rest of the sidecar is still being loaded.

Redis waits for that answer, and pods that start at the same time share processors: what a pod can
say without the others is said before anything is loaded that it takes to speak with them. The plan
says it, of a look at nothing but the volume. Where that is not enough, the kubelet's question is
kept waiting until the first look at the others: a kubelet that is told no asks again a second
later.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final

from bootstrap import errors, identity, intent, listener, settings, volume
from bootstrap.core import directory, former
from bootstrap.core import plan as planning
from bootstrap.core.model import Former, Pod, Scope, Snapshot, Trouble, Unreachable
from bootstrap.core.plan.outcome import Gate
from bootstrap.core.topology import Topology

Caller = tuple[socket.socket, tuple[str, int]]
_YES: Final = (
    b"HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 8\r\n\r\nstarted\n"
)
_ASKED: Final = (b"GET /startupz ", b"GET /startupz?")
_HEAD: Final = 65536
"""Bytes of a request that are read at once, at most."""
_POLL: Final = 0.01
"""Seconds between two looks at the gate while a question waits for it."""


def begin() -> Early | None:
    """Begin to answer; None where the configuration is at fault, or nothing is to be answered."""
    try:
        known = settings.read(os.environ, identity.Files(), tty=sys.stdout.isatty())
        intent.encryption_of(known)
    except errors.ConfigurationError:
        return None  # It will be told.
    if known.http is None:
        return None
    verdict = judge(intent.topology(known), known)
    try:
        return Early(listener.listen(known.http), verdict)
    except OSError:
        return None  # It will be told too.


def judge(topology: Topology, known: settings.Settings) -> Gate | None:
    """The gate, if it is open by the word of the volume alone, whether a server runs or not."""
    me = Pod(
        name=topology.name,
        ordinal=topology.ordinal,
        hostname=topology.hostname_of(topology.ordinal),
        resolved=directory.Name(state="unknown", reason="not asked for yet"),
        address=topology.address,
        node=Unreachable(trouble=Trouble.REFUSED, reason="not asked yet"),
    )
    found = volume.read(known.data_dir) if known.data_dir else None
    members = found.members if found else ()
    if members and (former.foreign(members, topology) or former.of_volume(members, topology)):
        return None  # It may be a copy, whose original has to be looked for.
    snapshot = Snapshot(scope=Scope.LOCAL, pods=(me,), volume=found, former=Former())
    plan = planning.plan(snapshot, topology)
    return plan.gate if plan.gate.open and plan.look is Scope.LOCAL else None


class Early:
    """A thread that says yes to the startup probe. All other questions wait for the server."""

    def __init__(self, listening: socket.socket, gate: Gate | None) -> None:
        """Begin; `gate` is one that is open already."""
        self.listening = listening
        self.gate = gate
        self.judged: Callable[[], Gate | None] = lambda: gate
        """What the gate is by now; any thread may ask."""
        self._held: dict[socket.socket, tuple[str, int]] = {}
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> list[Caller]:
        """End, and return who still waits. `listening` is the caller's then."""
        os.close(self._wake)
        self._thread.join()
        os.close(self._woken)
        return list(self._held.items())

    def _serve(self) -> None:
        new: set[socket.socket] = set()
        probes: set[socket.socket] = set()
        while True:
            some = [self._woken, self.listening.fileno(), *(one.fileno() for one in new)]
            ready = set(select.select(some, [], [], _POLL if probes else None)[0])
            if self._woken in ready:
                return
            for one in [one for one in new if one.fileno() in ready]:
                new.remove(one)
                if _is_probe(one):
                    probes.add(one)
            if self.listening.fileno() in ready:
                with contextlib.suppress(OSError):  # Who has gone again needs no answer.
                    caller, where = self.listening.accept()
                    self._held[caller] = where
                    new.add(caller)
            gate = self.judged() if probes else None
            if gate is not None and gate.open:
                for one in probes:
                    del self._held[one]
                    _say_yes(one)
                probes.clear()


def _is_probe(caller: socket.socket) -> bool:
    """Whether it asks for `/startupz`; what it has sent stays to be read."""
    with contextlib.suppress(OSError):
        return caller.recv(_HEAD, socket.MSG_PEEK).startswith(_ASKED)
    return False


def _say_yes(caller: socket.socket) -> None:
    with contextlib.suppress(OSError), caller:
        caller.recv(_HEAD)
        caller.sendall(_YES)
