"""A network of its own for pods that are to be cut off: a namespace each, one bridge for all.

Loopback cannot be parted. Here a pod's server and sidecar live behind a virtual cable, which
can be pulled: nothing answers any more, not even with a refusal, as when a node loses its network.
All of it is in namespaces that go with the test, but for one end of a cable, by which we reach it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

FIRST_POD: Final = 10
CLONE_NEWNET: Final = 0x40000000
SPACES: Final = Path("/run/netns")
TOOLS: Final = ("ip", "nsenter")

Result = TypeVar("Result")


def missing() -> str:
    """Why there can be no such network here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} is not installed: apt-get install iproute2 util-linux"
    name = f"probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


class Network:
    """Room for so many pods. A context manager; also the addresses of a `LocalStatefulSet`."""

    def __init__(self, pods: int) -> None:
        """Nothing is made yet."""
        self._pods = pods
        # Interface names have 15 characters at most.
        letters = "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=3))
        self._name = f"p{os.getpid()}{letters}"
        self._block = f"10.{random.randint(64, 254)}.{random.randint(0, 255)}"
        self._made = contextlib.ExitStack()
        self.nameserver = f"{self._block}.1"

    def __enter__(self) -> Self:
        _sweep()
        with contextlib.ExitStack() as stack:
            switch = self._namespace(stack, "sw")
            _ip("-n", switch, "link", "add", "br0", "type", "bridge")
            _ip("-n", switch, "link", "set", "br0", "up")
            self._cable(switch, "uplink", f"{self._name}up", None)
            _ip("address", "add", f"{self.nameserver}/24", "dev", f"{self._name}up")
            _ip("link", "set", f"{self._name}up", "up")
            for ordinal in range(self._pods):
                space = self._namespace(stack, str(ordinal))
                self._cable(switch, f"pod{ordinal}", "eth0", space)
                _ip("-n", space, "address", "add", f"{self.of(ordinal)}/24", "dev", "eth0")
                _ip("-n", space, "link", "set", "eth0", "up")
                _ip("-n", space, "link", "set", "lo", "up")
            self._made = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._made.close()

    def _namespace(self, stack: contextlib.ExitStack, suffix: str) -> str:
        name = f"{self._name}-{suffix}"
        _ip("netns", "add", name)
        # With the namespace its cables go, and with a cable its other end.
        stack.callback(_ip, "netns", "del", name)
        return name

    def _cable(self, switch: str, port: str, end: str, space: str | None) -> None:
        """From a port of the bridge into a namespace, or out to us."""
        there = ["netns", space] if space else ["netns", str(os.getpid())]
        _ip("-n", switch, "link", "add", "name", port, "type", "veth", "peer", "name", end, *there)
        _ip("-n", switch, "link", "set", "dev", port, "master", "br0", "up")

    # What pods need

    def of(self, ordinal: int) -> str:
        """Return the address of the pod with this ordinal; it keeps it."""
        return f"{self._block}.{FIRST_POD + ordinal}"

    def fresh(self) -> str:
        """Addresses belong to cables here."""
        raise NotImplementedError("pods in namespaces do not move")

    def release(self) -> None:
        """There is nothing to give back before the whole network goes."""

    def launcher(self, ordinal: int) -> tuple[str, ...]:
        """Return the words before a command that is to run in the pod's namespace."""
        return ("nsenter", f"--net={self._path(ordinal)}", "--")

    # What happens to them

    def cut(self, ordinal: int) -> None:
        """Pull the pod's cable."""
        self._port(ordinal, "down")

    def mend(self, ordinal: int) -> None:
        """Plug it in again."""
        self._port(ordinal, "up")

    def close(self, ordinal: int, port: int, *, reject: bool = False, source: str = "") -> None:
        """Let a pod take no more packets for a port, from one address or all, as a policy does.

        Dropped, they are never answered; rejected, the sender is told. Its own are let through.
        """
        space = f"{self._name}-{ordinal}"
        inside = self.launcher(ordinal)
        # A host that does not forward keeps quiet about what it has no route for. Connections that
        # stand are looked up anew too, and not by their sockets.
        for name, value in (("ip_forward", int(reject)), ("tcp_early_demux", 0)):
            _run(*inside, "sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{name}")
        if "lookup local" in _ip("-n", space, "rule", "show", "pref", "0"):
            _ip("-n", space, "rule", "add", "pref", "100", "lookup", "local")
            _ip("-n", space, "rule", "del", "pref", "0")
        kind = "prohibit" if reject else "blackhole"
        frm = ["from", source] if source else []
        where = ["iif", "eth0", "ipproto", "tcp", "dport", str(port)]
        _ip("-n", space, "rule", "add", "pref", "10", *frm, *where, kind)

    def open(self, ordinal: int) -> None:
        """Take back whatever was closed in a pod."""
        space = f"{self._name}-{ordinal}"
        while _ip("-n", space, "rule", "show", "pref", "10"):
            _ip("-n", space, "rule", "del", "pref", "10")

    def inside(self, ordinal: int, function: Callable[[], Result]) -> Result:
        """Call it in the pod's namespace: what it connects to is reached from there."""
        result: futures.Future[Result] = futures.Future()

        def run() -> None:
            try:
                _enter(self._path(ordinal))
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - whoever called gets it
                result.set_exception(error)

        # A thread of its own, which ends: what has entered a namespace stays there.
        thread = threading.Thread(target=run, name="inside", daemon=True)
        thread.start()
        thread.join()
        return result.result()

    def _path(self, ordinal: int) -> Path:
        return SPACES / f"{self._name}-{ordinal}"

    def _port(self, ordinal: int, state: str) -> None:
        _ip("-n", f"{self._name}-sw", "link", "set", "dev", f"pod{ordinal}", state)


def _enter(path: Path) -> None:
    """Let the present thread, and no other, be in a namespace."""
    with path.open() as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")


def _sweep() -> None:
    """Remove what was left behind by those who were killed."""
    for path in SPACES.glob("p*-*"):
        found = re.match(r"p(\d+)[a-z]+-", path.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            with contextlib.suppress(OSError):  # another sweeper was first
                _ip("netns", "del", path.name)


def _ip(*words: str) -> str:
    return _run("ip", *words)


def _run(*words: str) -> str:
    done = subprocess.run([*words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
