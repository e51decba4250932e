"""Volumes as real servers leave them, and as no server does."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.observe import disk, volume
from tests.statefulset import config, needs, pod, process, servers, sets

AOF = {"appendonly": "yes", "appendfsync": "always"}
NODES = "07c3 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460\n"


@pytest.fixture(params=servers.MATRIX)
def app(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    """Three pods with their servers not yet started, for each server of the matrix."""
    with sets.LocalStatefulSet(
        3, needs.server(request.param), replicas_per_shard=0, server_config=config.FAST
    ) as found:
        yield found


def start(one: pod.Pod, **settings: str) -> None:
    """Start a server that owns all slots, unless it remembers that it does."""
    one.start_server(settings)
    one.wait_server_loaded()
    if "connected 0-16383" not in one.cluster_nodes():
        one.ask("CLUSTER", "ADDSLOTS", *range(16384))
    process.wait_for(lambda: "cluster_state:ok" in str(one.ask("CLUSTER", "INFO")), 60, "state ok")


def test_what_a_server_leaves_that_saved_nothing(app: sets.LocalStatefulSet) -> None:
    one = app[0]
    start(one)
    one.ask("SET", "key", "value")
    node_id = one.node_id()
    one.kill_server()
    found = volume.read(one.data)
    me = found.myself
    assert me is not None
    assert (found.file, found.corrupt, found.data) == (str(one.data / "nodes.conf"), "", "")
    assert (me.node_id, me.slots, found.emptied) == (node_id, ((0, 16383),), True)


def test_a_dump_is_data_once_there_was_a_key(app: sets.LocalStatefulSet) -> None:
    one = app[0]
    start(one)
    one.ask("SAVE")
    assert (one.data / "dump.rdb").exists()
    assert volume.read(one.data).data == ""
    one.ask("SET", "key", "value")
    one.ask("SAVE")
    assert volume.read(one.data).data == str(one.data / "dump.rdb")


def test_a_dump_of_functions_is_data(app: sets.LocalStatefulSet) -> None:
    if app.server.version < (7, 0, 0):
        pytest.skip("functions came with redis 7.0")
    one = app[0]
    start(one)
    code = "#!lua name=mine\nredis.register_function('f', function() return 1 end)"
    one.ask("FUNCTION", "LOAD", code)
    one.ask("SAVE")
    assert volume.read(one.data).data == str(one.data / "dump.rdb")


def test_cached_scripts_and_a_replica_make_no_data(app: sets.LocalStatefulSet) -> None:
    """What a server notes in a dump besides keys: where replication is, and before 7.0 scripts."""
    primary, replica = app[0], app[1]
    start(primary)
    follow(primary, replica)
    primary.ask("EVAL", "return '" + 300 * "long " + "'", 0)
    process.wait_for(
        lambda: not primary.ask("INFO", "persistence")["rdb_bgsave_in_progress"], 30, "no save"
    )
    primary.ask("SAVE")
    assert volume.read(primary.data).data == ""
    replica.kill_server()
    seen = volume.read(replica.data)
    assert (seen.corrupt, seen.emptied) == ("", False)
    assert [one.is_replica for one in seen.members if "myself" in one.flags] == [True]


@pytest.mark.parametrize("deleted", ["no", "yes"])
def test_what_a_replica_was_sent_stays_behind_as_a_dump(
    app: sets.LocalStatefulSet, deleted: str
) -> None:
    """Without any persistence, unless the server is told to delete it; the docs warn of it."""
    primary, replica = app[0], app[1]
    start(primary)
    primary.ask("SET", "key", "value")
    follow(primary, replica, **{"rdb-del-sync-files": deleted})
    process.wait_for(lambda: replica.ask("DBSIZE") == 1, 30, "a copy")
    replica.kill_server()
    dump = replica.data / "dump.rdb"
    assert volume.read(replica.data).data == (str(dump) if deleted == "no" else "")


def follow(primary: pod.Pod, replica: pod.Pod, **settings: str) -> None:
    """Start a server, make it a replica, and wait for its copy."""
    replica.start_server(settings)
    replica.wait_server_up()
    replica.ask("CLUSTER", "MEET", primary.address, primary.port)
    process.wait_for(lambda: primary.node_id() in replica.cluster_nodes(), 30, "a meeting")
    replica.ask("CLUSTER", "REPLICATE", primary.node_id())
    process.wait_for(
        lambda: replica.ask("INFO", "replication")["master_link_status"] == "up", 60, "a link"
    )


def test_an_append_only_log_is_data_once_something_was_written(
    app: sets.LocalStatefulSet,
) -> None:
    one = app[0]
    start(one, **AOF)
    one.kill_server()
    assert volume.read(one.data).emptied
    start(one, **AOF)
    one.ask("SET", "key", "value")
    one.kill_server()
    found = volume.read(one.data)
    assert ("appendonlydir" in found.data) is (app.server.version >= (7, 0, 0))
    assert found.data.endswith(".manifest" if app.server.version >= (7, 0, 0) else ".aof")


@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_a_rewritten_log_is_judged_by_its_base(app: sets.LocalStatefulSet, preamble: str) -> None:
    one = app[0]
    settings = {**AOF, "aof-use-rdb-preamble": preamble}
    start(one, **settings)
    rewrite(one)
    assert volume.read(one.data).data == ""
    one.ask("SET", "key", "value")
    rewrite(one)
    assert volume.read(one.data).data != ""


def rewrite(one: pod.Pod) -> None:
    """Rewrite the log, and wait for its end."""
    log = "Background AOF rewrite finished successfully"
    done = one.log_file.read_text().count(log)
    one.ask("BGREWRITEAOF")
    process.wait_for(lambda: one.log_file.read_text().count(log) > done, 60, log)


def test_no_server_starts_empty_with_what_is_not_proven_empty(app: sets.LocalStatefulSet) -> None:
    """The other half of the proof: what we take for data a server loads, or it dies of it."""
    one = app[0]
    for text in (b"", b"REDIS0009", b"nonsense", b"REDIS0009\xfa\x09redis-ver"):
        one.wipe()
        (one.data / "dump.rdb").write_bytes(text)
        assert volume.read(one.data).data != ""
        one.start_server()
        process.wait_for(lambda: not one.running, 30, f"the end of a server with {text!r}")


def test_an_address_that_moved_and_a_forgotten_node_are_read(app: sets.LocalStatefulSet) -> None:
    """Lines of nodes.conf that only a life of some length brings: `noaddr`, and their like."""
    one, other = app[0], app[1]
    start(one)
    other.start_server()
    other.wait_server_up()
    one.ask("CLUSTER", "MEET", other.address, other.port)
    other_id = other.node_id()
    process.wait_for(
        lambda: other_id in one.cluster_nodes() and one.node_id() in other.cluster_nodes(),
        30,
        "a meeting",
    )
    other.kill_server()
    other.wipe()
    other.start_server()
    other.wait_server_up()
    process.wait_for(lambda: "noaddr" in one.cluster_nodes(), 60, "a node without address")
    one.ask("CLUSTER", "SETSLOT", 7, "MIGRATING", other_id)
    one.kill_server()
    found = volume.read(one.data)
    assert found.corrupt == ""
    assert {"noaddr"} < {flag for member in found.members for flag in member.flags}


# Folders as people make them


def test_an_empty_folder(tmp_path: Path) -> None:
    found = volume.read(tmp_path)
    assert (found.file, found.members, found.corrupt, found.data) == ("", (), "", "")
    (tmp_path / "nodes.conf").touch()
    assert volume.read(tmp_path).file == ""


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = volume.read(tmp_path / "no")
    assert found.corrupt == "the folder cannot be read: No such file or directory"
    assert found.emptied


def test_nodes_conf_comes_before_its_like_and_the_newest_of_those_first(tmp_path: Path) -> None:
    for age, port in enumerate((6379, 6380, 6381)):
        file = tmp_path / f"nodes-{port}.conf"
        file.write_text(NODES)
        os.utime(file, (1000 - age, 1000 - age))
    assert volume.read(tmp_path).file == str(tmp_path / "nodes-6379.conf")
    (tmp_path / "nodes.conf").write_text(NODES)
    os.utime(tmp_path / "nodes.conf", (1, 1))
    assert volume.read(tmp_path).file == str(tmp_path / "nodes.conf")


def test_a_corrupt_nodes_conf_is_told(tmp_path: Path) -> None:
    (tmp_path / "nodes.conf").write_bytes(b"\xff\xfe nonsense\n")
    found = volume.read(tmp_path)
    assert "a line that makes no sense" in found.corrupt
    assert found.members == ()
    (tmp_path / "nodes.conf").write_text(NODES[:-9])
    assert volume.read(tmp_path).corrupt == "its last line is cut off"
    (tmp_path / "nodes.conf").write_bytes(bytes(4096))
    assert "it holds NUL bytes" in volume.read(tmp_path).corrupt


def test_what_a_server_was_still_writing_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "temp-123.rdb").write_bytes(b"REDIS0011\x00\x01k\x01v")
    (tmp_path / "temp-rewriteaof-bg-7.aof").write_bytes(b"*1\r\n")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "old.rdb").mkdir()
    assert volume.read(tmp_path).data == ""


def test_a_part_that_is_missing_or_a_manifest_without_sense_counts_as_data(tmp_path: Path) -> None:
    """A server refuses either."""
    parts = tmp_path / "appendonlydir"
    parts.mkdir()
    manifest = parts / "appendonly.aof.manifest"
    manifest.write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    assert "No such file" in volume.read(tmp_path).data
    (parts / "appendonly.aof.1.incr.aof").touch()
    assert volume.read(tmp_path).data == ""
    manifest.write_text("nonsense\n")
    assert volume.read(tmp_path).data == str(manifest)


def test_files_that_we_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the right is taken away by other means."""
    (tmp_path / "nodes.conf").write_text(NODES)
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011\xff12345678")

    def denied(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", denied)
    monkeypatch.setattr(Path, "read_text", denied)
    found = volume.read(tmp_path)
    assert found.corrupt == "it cannot be read: Permission denied"
    assert found.denied
    dump = tmp_path / "dump.rdb"
    assert found.data == f"{dump} (of which not all can be read: Permission denied)"


def test_a_folder_that_another_user_has_closed_counts_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the official images leave it, whose entrypoint sets a umask of 0077."""
    closed, ours = tmp_path / "appendonlydir", tmp_path / "lost+found"
    for folder in (closed, ours):
        folder.mkdir()
    assert volume.read(tmp_path).data == ""
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and may(path, mode))
    assert volume.read(tmp_path).data == f"{closed} (which we may not enter)"
    monkeypatch.setattr(os, "access", lambda path, mode: path != ours and may(path, mode))
    assert volume.read(tmp_path).data == ""


# What may be read, and how much room there is


@contextlib.contextmanager
def another_user() -> Iterator[None]:
    """Another user than the files', for a while: root may read everything."""
    if os.geteuid():
        pytest.skip("only root may be another user")
    uid = os.getresuid()
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(*uid)


@pytest.mark.parametrize("closed", ["", "nodes.conf", "dump.rdb", "appendonlydir"])
def test_the_first_thing_that_may_not_be_read_is_named(closed: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for one in ("nodes.conf", "dump.rdb"):
            (folder / one).write_bytes(b"REDIS0011")
        (folder / "appendonlydir").mkdir()
        (folder / "lost+found").mkdir(mode=0o700)
        folder.chmod(0o755)
        (folder / closed).chmod(0o700)
        assert disk.read(folder).unread == ""
        with another_user():
            found = disk.read(folder)
        assert found.unread == str(folder / closed)


def test_room_and_a_file_system_that_takes_no_writes(tmp_path: Path) -> None:
    found = disk.read(tmp_path)
    assert found.free is not None
    assert (found.files, found.read_only, found.unread) == (True, False, "")
    gone = disk.read(tmp_path / "gone")
    assert (gone.free, gone.unread) == (None, str(tmp_path / "gone"))


def test_read_only_is_the_file_system_and_not_our_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path.stat().st_dev
    device = f"{os.major(status)}:{os.minor(status)}"
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(disk, "_MOUNTS", mounts)
    assert not disk.read(tmp_path).read_only  # nothing to tell by
    line = f"36 35 {device} / /data {{}},relatime shared:1 - ext4 /dev/sdb {{}},errors=remount-ro\n"
    mounts.write_text(line.format("ro", "rw"))
    assert not disk.read(tmp_path).read_only
    mounts.write_text(line.format("ro", "ro"))
    assert disk.read(tmp_path).read_only
