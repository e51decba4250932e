"""Answers `/startupz` while the rest of the sidecar is still being loaded.

Redis waits for that answer, and pods that start at the same time share processors. So what a pod
can say without the others is said before anything is loaded that it takes to speak with them, and
so is that all of their servers are down (`first`). The plan's gate says it. Where that is not
enough, the kubelet's question is kept waiting until the loop's first look: a kubelet that is told
no asks again a second later.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bootstrap.config import errors, identity, settings
from bootstrap.dns import questions, schedule
from bootstrap.model import copied_from, directory
from bootstrap.model.snapshot import Originals, Pod, Scope, Snapshot, Trouble, Unreachable, Volume
from bootstrap.model.topology import Topology
from bootstrap.observe import volume
from bootstrap.plan import start_gate
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Gate
from bootstrap.run import setup
from bootstrap.show import listener

if TYPE_CHECKING:
    from bootstrap.dns import first_question

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
        setup.encryption_of(known)
    except errors.ConfigurationError:
        return None  # It will be told.
    if known.http is None:
        return None
    try:
        listening = listener.listen(known.http)
    except OSError:
        return None  # It will be told too.
    topology = setup.topology(known)
    found = volume.read(known.data_dir) if known.data_dir else None
    opened, asked = judge(topology, found), None
    if opened is None and _few(topology, known):
        opened, asked = _look_around(topology, known, found)
    return Early(listening, opened, asked)


def judge(
    topology: Topology, found: Volume | None, others: tuple[Pod, ...] | None = None
) -> Gate | None:
    """The gate, if it is open whether a server runs or not: by the word of the volume alone.

    Or by that of `others` too, which are all that there are.
    """
    me = Pod(
        name=topology.name,
        ordinal=topology.ordinal,
        hostname=topology.hostname_of(topology.ordinal),
        resolved=directory.Name(state="unknown", reason="not asked for yet"),
        address=topology.address,
        node=Unreachable(trouble=Trouble.REFUSED, reason="not asked yet"),
    )
    members = found.members if found else ()
    if members and (
        copied_from.foreign(members, topology) or copied_from.of_volume(members, topology)
    ):
        return None  # It may be a copy, whose original has to be looked for.
    scope = Scope.LOCAL if others is None else Scope.ALL
    pods = tuple(sorted((me, *(others or ())), key=lambda pod: pod.ordinal))
    snapshot = Snapshot(scope=scope, pods=pods, volume=found, originals=Originals())
    verdict = start_gate.gate(Facts(snapshot, topology))
    return verdict if verdict.open else None


def _few(topology: Topology, known: settings.Settings) -> bool:
    """Whether the others can be asked for by one packet each, and where."""
    many = len(topology.ordinals) - 1
    return bool(0 <= many <= schedule.FEW and topology.address and known.nameservers)


def _look_around(
    topology: Topology, known: settings.Settings, found: Volume | None
) -> tuple[Gate | None, first_question.Asked]:
    """The gate by the first look at the others, and what DNS said at it."""
    # Loaded here: a volume that speaks for itself needs neither.
    from bootstrap.dns import first_question  # noqa: PLC0415
    from bootstrap.observe import first_look  # noqa: PLC0415

    hostnames = {topology.hostname_of(one) for one in topology.ordinals if one != topology.ordinal}
    asked = first_question.asked(
        directory.absolute(known.service_fqdn),
        questions.TYPES[known.family],
        known.nameservers[0],
        {directory.absolute(one) for one in hostnames},
    )
    others = first_look.others(topology, asked.answers)
    return (None if others is None else judge(topology, found, others)), asked


class Early:
    """A thread that says yes to the startup probe. All other questions wait for the server."""

    def __init__(
        self, listening: socket.socket, opened: Gate | None, asked: first_question.Asked | None
    ) -> None:
        """Begin; `opened` is a gate that is so already, `asked` what DNS was asked for it."""
        self.listening = listening
        self.gate = opened
        self.asked = asked
        self.judged: Callable[[], Gate | None] = lambda: opened
        """What the gate is by now; any thread may ask."""
        self._held: dict[socket.socket, tuple[str, int]] = {}
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> list[listener.Caller]:
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
            found = self.judged() if probes else None
            if found is not None and found.open:
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
