"""What is said before the rest is loaded, and that it is no more than the loop would say."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.config import identity, secret, settings
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.observe import volume
from bootstrap.redis import login, node, port_check
from bootstrap.run import early, setup
from tests.formation import forming
from tests.shell import alone
from tests.statefulset import kubelet, process, servers
from tests.statefulset import pod as pods

HEAVY = ("argparse", "asyncio", "dns", "http.server", "prometheus_client", "redis", "structlog")
REPLICA = """\
aaaa 10.0.0.5:6379@16379 myself,slave bbbb 0 0 1 connected
bbbb 10.0.0.6:6379@16379 master - 0 0 1 connected 0-16383
vars currentEpoch 1 lastVoteEpoch 0
"""
PRIMARY = """\
aaaa 10.0.0.5:6379@16379 myself,master - 0 0 1 connected 0-16383
vars currentEpoch 1 lastVoteEpoch 0
"""


def loaded(code: str) -> set[str]:
    """Run Python code in a process of its own, and return what it has loaded of the heavy ones."""
    told = f"import sys\n{code}\nprint(*[one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", told],
        env={"PYTHONPATH": str(servers.REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_what_answers_first_loads_nothing_heavy() -> None:
    assert loaded("import bootstrap.run.early") == set()


def test_what_a_sidecar_runs_loads_nothing_that_it_does_not_need_yet() -> None:
    assert loaded("import bootstrap.cli") == {"asyncio"}
    assert {"argparse", "asyncio"} >= loaded("import bootstrap.config.arguments")


def test_a_server_that_is_down_is_seen_without_what_speaks_with_it() -> None:
    """And it is told in the same words as with it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        asked = (
            "import asyncio, json\nfrom bootstrap.config import secret\nfrom bootstrap.redis import login, node\n"
            "access = login.Access(credentials=secret.Credentials())\n"
            f"one = node.Node('127.0.0.1', {port}, access)\n"
            "async def ask():\n    said = await one.read()\n    await one.close()\n"
            "    print(said)\n"
            "asyncio.run(ask())"
        )
        assert loaded(asked) == {"asyncio"}

        async def read() -> tuple[object, object]:
            access = login.Access(credentials=secret.Credentials())
            quick = await port_check.closed("127.0.0.1", port, 1.0)
            return quick, await node.Node("127.0.0.1", port, access).read()

        before = sys.modules.pop("bootstrap.redis.connection", None)
        try:
            quick, usual = asyncio.run(read())
        finally:
            if before is not None:
                sys.modules["bootstrap.redis.connection"] = before
        assert quick == Unreachable(
            trouble=Trouble.REFUSED, reason="no connection: Connection refused"
        )
        assert usual == quick


def judged(tmp_path: Path, **files: str) -> str:
    """What the volume says: `open`, with a code perhaps, or `ask`."""
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text)
    environ = {"POD_NAME": "redis-app-3", "BOOTSTRAP_SERVICE": "redis", "BOOTSTRAP_SIZE": "6",
               "BOOTSTRAP_NAMESERVERS": "127.0.0.1", "POD_IP": "10.0.0.5"}  # fmt: skip
    if files or tmp_path.exists():
        environ["BOOTSTRAP_DATA_DIR"] = str(tmp_path)
    known = settings.read(environ, identity.Files())
    found = volume.read(known.data_dir) if known.data_dir else None
    gate = early.judge(setup.topology(known), found)
    return f"open {gate.code or ''}".strip() if gate else "ask"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "ask"),
        ({"nodes_conf": REPLICA}, "open"),
        ({"nodes_conf": PRIMARY}, "ask"),
        ({"nodes_conf": PRIMARY, "dump_rdb": "REDIS0011 and keys"}, "open"),
        ({"nodes_conf": REPLICA, "dump_rdb": "REDIS0011 and keys"}, "open"),
        # Without a nodes.conf peers tell whether a replica has its place (plan.gate).
        ({"dump_rdb": "REDIS0011 and keys"}, "ask"),
        ({"nodes_conf": "\0" * 100}, "ask"),
        # Where it ran at another address it may be a copy, and one that names another set may too.
        ({"nodes_conf": REPLICA.replace("10.0.0.5", "10.0.0.7")}, "ask"),
        ({"nodes_conf": REPLICA.replace("@16379", "@16379,redis-app-3.other.x.svc.y")}, "ask"),
        ({"nodes_conf": REPLICA.replace("@16379", "@16379,cache-3")}, "ask"),
    ],
    ids=[
        "new",
        "replica",
        "primary",
        "primary with data",
        "replica with data",
        "data",
        "corrupt",
        "moved",
        "another set",
        "a short name",
    ],
)
def test_only_a_volume_that_holds_the_gate_open_is_believed(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    assert judged(tmp_path, **files) == expected


def test_without_a_volume_there_is_nothing_to_guard(tmp_path: Path) -> None:
    assert judged(tmp_path / "none") == "open"


def connected(one: pods.Pod) -> socket.socket:
    """Connect as soon as anybody listens."""

    def connect() -> socket.socket | None:
        try:
            return socket.create_connection((one.address, 8080), timeout=30.0)
        except ConnectionRefusedError:
            return None

    made = process.wait_for(connect, 30.0, f"{one} to listen")
    assert made is not None
    return made


def ask(one: pods.Pod, path: str) -> str:
    """Ask the first question that the sidecar is asked, and return the whole answer."""
    with connected(one) as asked:
        asked.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        with asked.makefile("rb") as stream:
            return stream.read().decode()


@pytest.mark.parametrize("path", ["/startupz", "/startupz?x=1", "/metrics", "/livez", "/readyz"])
@pytest.mark.parametrize("guarded", [True, False])
def test_the_very_first_question_is_answered(path: str, *, guarded: bool) -> None:
    """With a new volume it takes a look at the others, and the answer waits for that."""
    with alone.one_pod() as app:
        if guarded:
            kubelet.begin(app.pods)
        else:
            app.start_sidecars()
        said = ask(app[0], path)
        assert f" {503 if path == '/readyz' else 200} " in said.splitlines()[0]
        if path.startswith("/startupz"):
            assert said.endswith("\r\n\r\nstarted\n")
        forming.until(lambda: bool(forming.events(app[0], "plan")), app[0].sidecar.output)
        opened = forming.events(app[0], "gate-open")
        assert len(opened) == guarded
        assert app[0].stop_sidecar() == 0


def test_who_asks_for_nothing_keeps_nobody_waiting() -> None:
    with alone.one_pod() as app:
        kubelet.begin(app.pods)
        with connected(app[0]), connected(app[0]) as half:
            half.sendall(b"GET /star")
            assert " 200 " in ask(app[0], "/startupz").splitlines()[0]
            assert " 200 " in ask(app[0], "/livez").splitlines()[0]
            half.sendall(b"tupz HTTP/1.0\r\n\r\n")
            with half.makefile("rb") as stream:
                assert b" 200 " in stream.readline()


@pytest.mark.parametrize(
    "wrong", [{"BOOTSTRAP_SIZE": "six"}, {"BOOTSTRAP_TLS": "true", "BOOTSTRAP_TLS_CA_FILE": "{}"}]
)
def test_nothing_is_served_where_the_configuration_is_at_fault(
    tmp_path: Path, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    environ = {"POD_NAME": "redis-app-3", "BOOTSTRAP_SERVICE": "redis", "BOOTSTRAP_SIZE": "6",
               "BOOTSTRAP_NAMESERVERS": "127.0.0.1", "BOOTSTRAP_HTTP": "127.0.0.1:0"}  # fmt: skip
    for name, value in {**environ, **wrong}.items():
        monkeypatch.setenv(name, value.format(tmp_path / "ca.crt"))
    assert early.begin() is None
    for name in wrong:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BOOTSTRAP_HTTP", "off")
    assert early.begin() is None
