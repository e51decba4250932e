"""Answers `/startupz` while the rest of the sidecar is still being loaded.

Redis waits for that answer, and pods that start at the same time share processors. So the sidecar
judges the start gate before it loads what it needs to speak with servers: from its own volume, and
from whether all other servers are down (`observe.first_look`). If that is not enough, the probe's
request waits until the loop's first look, since a kubelet that gets a no asks again a second later.
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
"""Seconds between two looks at the gate while a request waits."""


def begin() -> Early | None:
    """Begin to answer; None if the configuration is invalid, HTTP is off, or the port is taken."""
    try:
        known = settings.read(os.environ, identity.Files(), tty=sys.stdout.isatty())
        setup.encryption_of(known)
    except errors.ConfigurationError:
        return None  # reported later
    if known.http is None:
        return None
    try:
        listening = listener.listen(known.http)
    except OSError:
        return None  # reported later too
    topology = setup.topology(known)
    found = volume.read(known.data_dir) if known.data_dir else None
    opened, asked = judge(topology, found), None
    if opened is None and _few(topology, known):
        opened, asked = _look_around(topology, known, found)
    return Early(listening, opened, asked)


def judge(
    topology: Topology, found: Volume | None, others: tuple[Pod, ...] | None = None
) -> Gate | None:
    """Return the gate if the volume alone says that it is open, whether a server runs or not.

    `others` are all other pods, if they were looked at. None if the loop has to decide.
    """
    me = Pod(
        name=topology.name,
        ordinal=topology.ordinal,
        hostname=topology.hostname_of(topology.ordinal),
        resolved=directory.UNASKED,
        address=topology.address,
        node=Unreachable(trouble=Trouble.REFUSED, reason="not asked yet"),
    )
    members = found.members if found else ()
    if members and (
        copied_from.foreign(members, topology) or copied_from.of_volume(members, topology)
    ):
        return None  # it may be a copy: its originals have to be looked for
    scope = Scope.LOCAL if others is None else Scope.ALL
    pods = tuple(sorted((me, *(others or ())), key=lambda pod: pod.ordinal))
    snapshot = Snapshot(scope=scope, pods=pods, volume=found, originals=Originals())
    verdict = start_gate.gate(Facts(snapshot, topology))
    return verdict if verdict.open else None


def _few(topology: Topology, known: settings.Settings) -> bool:
    """Whether the other pods are few enough for one packet each, and DNS can be asked."""
    many = len(topology.ordinals) - 1
    return bool(0 <= many <= schedule.FEW and topology.address and known.nameservers)


def _look_around(
    topology: Topology, known: settings.Settings, found: Volume | None
) -> tuple[Gate | None, first_question.Asked]:
    """Return the gate after a first look at the other pods, and what DNS answered."""
    # Loaded here: if the volume alone is enough, neither is needed.
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
    """A thread that says yes to the startup probe. All other requests wait for the HTTP server."""

    def __init__(
        self, listening: socket.socket, opened: Gate | None, asked: first_question.Asked | None
    ) -> None:
        """Begin. `opened` is the gate if already open, `asked` the questions to DNS for it."""
        self.listening = listening
        self.gate = opened
        self.asked = asked
        self.judged: Callable[[], Gate | None] = lambda: opened
        """Returns the present gate; None if not judged yet. Any thread may call it."""
        self._held: dict[socket.socket, tuple[str, int]] = {}
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> list[listener.Caller]:
        """End, and return the connections that still wait. `listening` is left open."""
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
                with contextlib.suppress(OSError):  # a caller that has gone needs no answer
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
    """Whether the caller asks for `/startupz`. The request stays unread."""
    with contextlib.suppress(OSError):
        return caller.recv(_HEAD, socket.MSG_PEEK).startswith(_ASKED)
    return False


def _say_yes(caller: socket.socket) -> None:
    with contextlib.suppress(OSError), caller:
        caller.recv(_HEAD)
        caller.sendall(_YES)
