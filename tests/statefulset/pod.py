"""One pod: an address, a data folder, a server, and the sidecars beside it."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis
import redis.exceptions

from tests.statefulset import clients, config, process, servers
from tests.statefulset import sidecar as sidecars
from tests.statefulset import spec as specs


class PodError(Exception):
    """The pod is not in the state that the call needs, or its server died."""


class Pod:
    """A pod of a local StatefulSet. It lives on while its processes come and go."""

    def __init__(
        self,
        spec: specs.Spec,
        ordinal: int,
        *,
        server: servers.Server,
        address: str,
        folder: Path,
        publish: Callable[[Pod, float], None],
        host: str | None = None,
        zone: str | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        """Make the pod's folders. `publish` puts its name into DNS after so many seconds.

        `launcher` are the words before each command, which then runs in the command's place.
        """
        self.spec = spec
        self.ordinal = ordinal
        self.name = spec.pod_name(ordinal)
        self.fqdn = spec.fqdn(ordinal)
        self.server = server
        self.address = address
        self.port = spec.port
        self.tls = spec.tls(self.fqdn) if spec.tls else None
        self.host = host
        self.zone = zone
        self.launcher = tuple(launcher)
        self.folder = folder
        self.data = folder / "data"
        self.sidecars: list[sidecars.Sidecar] = []
        """All that were started, the ended ones too; the last is `sidecar`."""
        self.process: process.Child | None = None
        self._publish = publish
        self._published = False
        self.data.mkdir(parents=True)

    def __repr__(self) -> str:
        return f"<{self.name} at {self.address}, {self.server.name}>"

    # DNS

    def publish(self, *, after: float = 0.0) -> None:
        """Let DNS say the pod's present address, `after` seconds from now."""
        self._published = True
        self._publish(self, after)

    def move(self, address: str, *, after: float = 0.0) -> None:
        """Give the stopped pod another address; DNS follows `after` seconds from now."""
        if self.running or any(sidecar.running for sidecar in self.sidecars):
            raise PodError(f"{self.name} runs: a pod only moves while it is down")
        self.address = address
        self.publish(after=after)

    # The server

    @property
    def running(self) -> bool:
        """Whether the server's process is there."""
        return self.process is not None and self.process.running

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def start_server(self, extra: config.Settings | None = None) -> None:
        """Start the server; `extra` settings hold for this start only. Does not wait for it."""
        if self.running:
            raise PodError(f"{self.name}: the server runs already")
        if not self._published:
            self.publish()
        file = self.folder / "redis.conf"
        text = config.render(
            self.server,
            address=self.address,
            port=self.port,
            folder=self.data,
            log=self.log_file,
            tls=self.tls,
            extra={**self.spec.server_config, **(extra or {})},
        )
        file.write_text(text)
        out = self.folder / "server.out"
        self.process = process.Child(
            [*self.launcher, str(self.server.path), str(file)],
            env={},
            cwd=self.folder,
            out=out,
            err=out,
        )

    def wait_server_up(self, timeout: float = 20.0) -> None:
        """Wait until the server answers (LOADING counts); PodError when it died or does not."""
        try:
            process.wait_for(self._answers, timeout, f"an answer of {self}")
        except TimeoutError as error:
            raise PodError(f"{error}\n{self.server_tail()}") from None

    def wait_server_loaded(self, timeout: float = 60.0) -> None:
        """Wait until the server answers, and has loaded its data."""
        self.wait_server_up(timeout)
        loaded = lambda: not self.ask("INFO", "persistence")["loading"]  # noqa: E731
        process.wait_for(loaded, timeout, f"the data of {self}")

    def _answers(self) -> bool:
        if not self.running:
            raise PodError(f"the server of {self} died\n{self.server_tail()}")
        try:
            self.ask("PING")
        except (redis.exceptions.BusyLoadingError, redis.exceptions.AuthenticationError):
            return True
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return False
        return True

    def server_tail(self, lines: int = 20) -> str:
        """Return the last lines of the server's log and output."""
        files = (self.folder / "server.out", self.log_file)
        return "\n".join(text for file in files if (text := process.tail(file, lines)))

    def kill_server(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Signal the server, wait for its end, and return the exit status."""
        if self.process is None:
            raise PodError(f"{self.name}: no server was started")
        return self.process.stop(number)

    def pause(self) -> None:
        """Freeze the server: it keeps its connections and answers nothing."""
        if self.process is None:
            raise PodError(f"{self.name}: no server was started")
        self.process.pause()

    def resume(self) -> None:
        """Let the frozen server go on."""
        if self.process is not None:
            self.process.resume()

    def wipe(self) -> None:
        """Lose the volume: everything in the data folder of the stopped server."""
        if self.running:
            raise PodError(f"{self.name} runs: stop its server before its data goes")
        shutil.rmtree(self.data)
        self.data.mkdir()

    # The sidecar

    @property
    def sidecar(self) -> sidecars.Sidecar:
        """The sidecar started last."""
        if not self.sidecars:
            raise PodError(f"{self.name}: no sidecar was started")
        return self.sidecars[-1]

    def start_sidecar(
        self,
        args: Sequence[str] = (),
        *,
        env: specs.Environment | None = None,
        command: Sequence[str] | None = None,
    ) -> sidecars.Sidecar:
        """Start `python -m bootstrap ARGS`, or another command, with the pod's environment."""
        if not self._published:
            self.publish()
        stem = f"sidecar-{len(self.sidecars)}"
        sidecar = sidecars.Sidecar(
            [*self.launcher, *(command or (sys.executable, "-m", "bootstrap")), *args],
            env=self.sidecar_environment(env),
            # Coverage writes its data where it is configured to, relative to this folder.
            cwd=servers.REPOSITORY,
            out=self.folder / f"{stem}.out",
            err=self.folder / f"{stem}.err",
        )
        self.sidecars.append(sidecar)
        return sidecar

    def sidecar_environment(self, extra: specs.Environment | None = None) -> dict[str, str]:
        """Return the environment that a sidecar started now would have."""
        return sidecars.environment(
            self.spec,
            ordinal=self.ordinal,
            address=self.address,
            host=self.host,
            zone=self.zone,
            tls=self.tls,
            extra=extra,
        )

    def stop_sidecar(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the last sidecar, wait for its end, and return the exit status."""
        return self.sidecar.stop(number)

    def kill_sidecar(self) -> int:
        """Kill the last sidecar; it has no time to do anything."""
        return self.sidecar.stop(signal.SIGKILL)

    def http(self, path: str, *, port: int = 8080, timeout: float = 20.0) -> tuple[int, str]:
        """Ask the sidecar's HTTP server: status and body; OSError if it does not answer to the end."""
        connection = http.client.HTTPConnection(self.address, port, timeout=timeout)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except http.client.HTTPException as error:  # it was killed in mid-answer
                raise ConnectionError(f"{self.name}: {error}") from None

    # Questions to the server

    @property
    def access(self) -> dict[str, Any]:
        """What any client has to bring along to be let in, as options of redis-py."""
        return {**(clients.encrypted(self.tls) if self.tls else {}), **self.spec.login}

    def client(self, **options: Any) -> redis.Redis:
        """Return a client that never retries; the caller closes it (it is a context manager)."""
        return clients.connect(self.address, self.port, **(self.access | options))

    def ask(self, *words: str | int) -> Any:
        """Send one command over a connection of its own; redis.exceptions.RedisError if not."""
        with self.client() as client:
            return client.execute_command(*words)

    def cluster_nodes(self) -> str:
        """Return the raw text of CLUSTER NODES."""
        # As two words: given as one string, redis-py answers with a dict that drops nodes.
        return str(self.ask("CLUSTER", "NODES"))

    def node_id(self) -> str:
        """Return the server's node id."""
        return str(self.ask("CLUSTER", "MYID"))
