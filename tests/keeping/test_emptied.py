"""A primary comes back with its slots and without its data, and no start gate has held it.

A replica that has just started has no password for its primary yet. So its sidecar decides.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping
from tests.refusals import asking
from tests.statefulset import oracle, pod, sets

SERVERS = ("valkey-9.1", "valkey-8.1", "redis-8.2", "redis-7.0")
SECRET = "s3cret-of-all"
CODE = "primary-empty"


def formed(
    name: str, size: int = 6, *, replicas: int = 1, log: str = "yes"
) -> contextlib.AbstractContextManager[sets.LocalStatefulSet]:
    """A cluster with a password, which the sidecars alone write as masterauth."""
    return keeping.formed(
        name,
        size,
        replicas_per_shard=replicas,
        server_config={"requirepass": SECRET, "appendonly": log},
        sidecar_env={"BOOTSTRAP_REDIS_PASSWORD": SECRET},
    )


@pytest.fixture(params=SERVERS)
def app(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    with formed(request.param) as cluster:
        yield cluster


@pytest.fixture
def newest() -> Iterator[sets.LocalStatefulSet]:
    with formed(SERVERS[0]) as cluster:
        yield cluster


def lose_data(one: pod.Pod) -> None:
    """Delete what lies in the volume, but for nodes.conf."""
    for path in one.data.iterdir():
        if path.name != "nodes.conf":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def start(some: Iterable[pod.Pod]) -> None:
    """Start pods whose sidecars do not see the volume, as kubelets do."""
    together = list(some)
    for one in together:
        one.start_sidecar()
    for one in together:
        one.start_server()
    for one in together:
        one.wait_server_loaded()


def empty(app: sets.LocalStatefulSet, *replicas: pod.Pod, moved: bool = False) -> pod.Pod:
    """Take the first shard down, and bring its primary back without its data."""
    primary = app[0]
    keeping.down(app, [primary, *replicas], moved=moved)
    lose_data(primary)
    start([primary])
    return primary


def fill(one: pod.Pod, count: int, prefix: str = "new") -> None:
    """Write so many keys into a primary, as a client does once it is served again."""
    numbers = iter(range(100_000))
    while int(one.ask("DBSIZE")) < count:
        forming.until(lambda: _tried(one, f"{prefix}-{next(numbers)}"), one.server_tail)


def _tried(one: pod.Pod, key: str) -> bool:
    """Try to write a key; false while the cluster is down."""
    try:
        one.ask("SET", key, "of a new load")
    except redis.exceptions.ClusterDownError:
        return False
    except redis.exceptions.MovedError:
        return True  # the key of another shard
    return True


def wait_refused(*replicas: pod.Pod) -> None:
    """Wait until each says that its primary is not to be followed."""
    forming.until(
        lambda: all(_refused(one) for one in replicas),
        lambda: [
            (one.name, one.ask("DBSIZE"), forming.events(one, "plan")[-1:]) for one in replicas
        ],
    )


def _refused(one: pod.Pod) -> bool:
    """Whether that is the only code of a pod, whose sidecar may have only just started."""
    try:
        return keeping.blocked(one) == {CODE}
    except OSError:
        return False


def promote(app: sets.LocalStatefulSet, one: pod.Pod) -> None:
    """Do what the refusal advises to keep the keys, and see that it does."""
    assert (
        f"{one.name} -c redis -- redis-cli CLUSTER FAILOVER TAKEOVER"
        in asking.ask(one, "--dry-run").text
    )
    one.ask("CLUSTER", "FAILOVER", "TAKEOVER")
    oracle.wait_healthy(app.pods, keeping.HEALTHY)
    forming.wait_ready(app.pods)
    assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("written", [0, 1], ids=["no-write", "written"])
def test_a_replica_is_not_let_in_at_a_primary_that_lost_its_data(
    app: sets.LocalStatefulSet, written: int
) -> None:
    """The replica comes after the first write of a client: its sidecar never saw no key at all."""
    replica = app[3]
    held = replica.ask("DBSIZE")
    primary = empty(app, replica)
    fill(primary, written)
    start([replica])
    wait_refused(replica)
    assert (replica.ask("DBSIZE"), primary.ask("DBSIZE")) == (held, written)
    promote(app, replica)


def test_it_stays_so_whatever_clients_write(newest: sets.LocalStatefulSet) -> None:
    """The primary then has more keys than the replica, and other ones."""
    replica = newest[3]
    held = int(replica.ask("DBSIZE"))
    primary = empty(newest, replica)
    start([replica])
    wait_refused(replica)
    fill(primary, held + 10)
    seen = f"has {primary.ask('DBSIZE')} keys now"
    # Not the log: it has no new line where only the number of keys has changed.
    forming.until(lambda: seen in replica.http("/statusz")[1], lambda: replica.http("/statusz")[1])
    assert _refused(replica)
    assert int(replica.ask("DBSIZE")) == held
    promote(newest, replica)


def test_all_pods_move_at_once(newest: sets.LocalStatefulSet) -> None:
    """The replica's server turns to the primary's new address by itself, and is not let in."""
    replica = newest[3]
    keeping.down(newest, newest.pods)
    lose_data(newest[0])
    start(newest.pods)
    wait_refused(replica)
    promote(newest, replica)


def test_none_of_two_replicas_is_let_in() -> None:
    with formed(SERVERS[0], 9, replicas=2) as app:
        roles = forming.roles(app)
        replicas = [app[one] for one, said in roles.items() if said == 0]
        assert len(replicas) == 2
        primary = empty(app, *replicas)
        fill(primary, 1)
        start(replicas)
        wait_refused(*replicas)
        promote(app, replicas[0])


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-7.0"])
def test_a_replica_with_a_dump(name: str) -> None:
    """A dump has the stream of writes in it, and a log has none."""
    with formed(name, log="no") as app:
        replica = app[3]
        replica.ask("SAVE")
        primary = empty(app, replica)
        fill(primary, 1)
        start([replica])
        wait_refused(replica)
        promote(app, replica)


# What is no loss


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-7.0"])
def test_a_primary_that_read_its_dump(name: str) -> None:
    with formed(name, log="no") as app:
        shard = [app[0], app[3]]
        for one in shard:
            one.ask("SAVE")
        keeping.down(app, shard, moved=False)
        start(shard)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        forming.wait_ready(app.pods)
        assert keeping.missing_keys(app) == []


def test_keys_that_clients_deleted_while_the_replica_was_away(
    newest: sets.LocalStatefulSet,
) -> None:
    """The primary has run on, and the replica has had its data before: it follows, and empties."""
    primary, replica = newest[0], newest[3]
    keeping.down(newest, [replica], moved=False)
    primary.ask("FLUSHALL")
    start([replica])
    oracle.wait_healthy(newest.pods, keeping.HEALTHY)
    assert replica.ask("DBSIZE") == 0
    forming.wait_ready(newest.pods)


def test_keys_that_expired_while_all_were_down(newest: sets.LocalStatefulSet) -> None:
    """A primary deletes them, and a replica waits for its primary to say so."""
    primary, replica = newest[0], newest[3]
    primary.ask("FLUSHALL")
    fill(primary, 3)
    for key in primary.ask("KEYS", "*"):
        primary.ask("PEXPIRE", key, 2000)
    forming.until(lambda: replica.ask("DBSIZE") == 3, lambda: replica.ask("DBSIZE"))
    keeping.down(newest, [primary, replica], moved=False)
    start([primary])
    forming.until(lambda: primary.ask("DBSIZE") == 0, lambda: primary.ask("KEYS", "*"))
    start([replica])
    oracle.wait_healthy(newest.pods, keeping.HEALTHY)
    forming.wait_ready(newest.pods)
