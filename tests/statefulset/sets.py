"""A whole local StatefulSet: pods, their addresses and their names in DNS."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

from tests.statefulset import (
    addresses,
    config,
    folders,
    nameserver,
    network,
    process,
    secured,
    servers,
)
from tests.statefulset import pod as pods
from tests.statefulset import sidecar as sidecars
from tests.statefulset import spec as specs

GRACE: Final = 3.0
"""Seconds that all sidecars together have to end in when the set is closed."""

Placement = Callable[[int], str | None]
"""The host, or zone, of the pod with this ordinal."""


class LocalStatefulSet:
    """A StatefulSet on loopback addresses; a context manager, which leaves nothing behind.

    Whatever ends this process, even SIGKILL, ends the children too. SIGTERM is treated like
    Ctrl-C while a set is open, unless somebody else handles it.
    """

    def __init__(
        self,
        size: int,
        server: servers.Server,
        *,
        replicas_per_shard: int = 1,
        ordinal_start: int = 0,
        server_config: config.Settings | None = None,
        sidecar_env: specs.Environment | None = None,
        host_of: Placement = lambda _: None,
        zone_of: Placement = lambda _: None,
        name: str = "redis-app",
        service: str = "redis-service",
        namespace: str = "default",
        domain: str = "cluster.local",
        port: int = 6379,
        tls: config.TlsOf | None = None,
        names: nameserver.NameServer | None = None,
        seed: str | None = None,
        net: network.Network | None = None,
    ) -> None:
        """Describe the set; entering it makes the pods. `names` is a name server to share.

        With a `net` each pod lives in a namespace of it, and not on a loopback address.
        """
        given, env = secured.people(server, server_config or {}, sidecar_env or {})
        self.server = server
        self.pods: list[pods.Pod] = []
        self.surprises: list[str] = []
        self._host_of = host_of
        self._zone_of = zone_of
        self._cleanup = contextlib.ExitStack()
        self._seed = seed
        self._net = net
        self._names = names
        self.spec = specs.Spec(
            name=name,
            service=service,
            namespace=namespace,
            domain=domain,
            size=size,
            replicas_per_shard=replicas_per_shard,
            ordinal_start=ordinal_start,
            port=port,
            nameserver="",  # Known once there is one.
            server_config=dict(given),
            sidecar_env=dict(env),
            tls=secured.certificates(tls),
        )

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            atexit.register(self.close)
            self._cleanup.callback(atexit.unregister, self.close)
            stack.callback(self.close)
            self._open()
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self.surprises:
            raise AssertionError("a sidecar met what it did not expect:\n" + self.surprises[0])

    def _open(self) -> None:
        """Take what the set needs; each thing is in the cleanup as soon as it is there."""
        self._cleanup.enter_context(_sigterm_as_interrupt())
        self.folder = self._cleanup.enter_context(folders.temporary())
        self.addresses = self._net or addresses.Addresses(self._seed)
        self._cleanup.callback(self.addresses.release)
        if self._names is None:
            self._names = nameserver.NameServer(self.addresses.nameserver, domain=self.spec.domain)
            self._names.start()
            self._cleanup.callback(self._names.stop)
        self.names = self._names
        where = f"{self.names.address}:{self.names.port}"
        self.spec = dataclasses.replace(self.spec, nameserver=where)
        self._cleanup.callback(self._withdraw)
        self._cleanup.callback(self._end_processes)
        for _ in range(self.spec.size):
            self.add_pod()

    def close(self) -> None:
        """End every process, withdraw the names, remove the folders. Twice does no harm."""
        self._cleanup.close()

    def _end_processes(self) -> None:
        # Sidecars first, and gently: measured ones still have their coverage to write.
        process.stop_all((sidecar for pod in self.pods for sidecar in pod.sidecars), GRACE)
        process.stop_all((pod.process for pod in self.pods if pod.process), grace=0.0)
        # A sidecar outlives what it did not foresee, and may well end healthy: still a defect.
        logs = (side.output() + side.errors() for pod in self.pods for side in pod.sidecars)
        self.surprises = [text for text in logs if "Traceback" in text]

    def _withdraw(self) -> None:
        for pod in self.pods:
            self.names.withdraw(pod.name, self.spec.service, self.spec.namespace)

    def __getitem__(self, ordinal: int) -> pods.Pod:
        """Return the pod with this ordinal."""
        return self.pods[ordinal - self.spec.ordinal_start]

    # What Kubernetes would do

    def add_pod(self, *, server: servers.Server | None = None) -> pods.Pod:
        """Scale out by one pod, with nothing running in it yet."""
        ordinal = self.spec.ordinal_start + len(self.pods)
        pod = pods.Pod(
            self.spec,
            ordinal,
            server=server or self.server,
            address=self.addresses.of(ordinal),
            folder=self.folder / self.spec.pod_name(ordinal),
            publish=self._publish,
            host=self._host_of(ordinal),
            zone=self._zone_of(ordinal),
            launcher=self._net.launcher(ordinal) if self._net else (),
        )
        self.pods.append(pod)
        return pod

    def start_servers(self, timeout: float = 30.0) -> None:
        """Start the servers that do not run, together, and wait until each of them answers."""
        started = [pod for pod in self.pods if not pod.running]
        for pod in started:
            pod.start_server()
        for pod in started:
            pod.wait_server_up(timeout)

    def start_sidecars(
        self, args: Sequence[str] = (), *, env: specs.Environment | None = None
    ) -> list[sidecars.Sidecar]:
        """Start a sidecar in every pod, and return them."""
        return [pod.start_sidecar(args, env=env) for pod in self.pods]

    def take_down(
        self,
        pod: pods.Pod,
        *,
        wipe: bool = False,
        moved: bool = True,
        dns_after: float = 0.0,
        grace: float = 0.0,
    ) -> None:
        """Delete a pod: its processes end, and it may come back elsewhere and empty.

        With a `grace` in seconds the server gets SIGTERM, and the sidecars after it is gone, as
        Kubernetes does it; without, all die at once. `moved` gives the pod an address that it
        never had, which DNS says `dns_after` seconds later.
        """
        process.stop_all([pod.process] if pod.process else [], grace)
        process.stop_all(pod.sidecars, grace)
        if wipe:
            pod.wipe()
        if moved:
            pod.move(self.addresses.fresh(), after=dns_after)

    def report(self, lines: int = 10) -> str:
        """Return the last words of every process, for the message of a failed test."""
        files = sorted(path for pod in self.pods for path in pod.folder.glob("*.*"))
        texts = {path: process.tail(path, lines) for path in files if path.suffix != ".conf"}
        return "\n".join(
            f"== {path.relative_to(self.folder)}\n{text}" for path, text in texts.items() if text
        )

    def _publish(self, pod: pods.Pod, after: float) -> None:
        self.names.publish(
            pod.name, self.spec.service, self.spec.namespace, [pod.address], after=after
        )


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, so that every `with` block on the way is left."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # Closed by another thread, which may not do this.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
