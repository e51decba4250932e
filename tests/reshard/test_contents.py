"""What moves is more than small strings: a large key, keys that expire, keys of another database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis.crc

from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import needs, sets


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_hash_of_a_million_fields_and_keys_that_expire(name: str, tmp_path: Path) -> None:
    many, step = 1_000_000, 20_000
    big, *short = wishing.keys_that_move(20)
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        source = app[0]
        with source.client(socket_timeout=60) as client:
            for first in range(0, many, step):
                client.hset(big, mapping={str(n): n for n in range(first, first + step)})
            for number, key in enumerate(short):
                client.set(key, "value", ex=86_400 + number)
            before = {key: client.pexpiretime(key) for key in short}
        wish.state("4")
        target, _ = wishing.scale_out(app, 2)
        wishing.wait_even(app, 4)
        with target.client(socket_timeout=60) as client:
            assert client.hlen(big) == many
            assert client.hget(big, str(many - 1)) == str(many - 1)
            assert {key: client.pexpiretime(key) for key in short} == before
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", ["valkey-9.1"])
def test_keys_of_the_second_database(name: str, tmp_path: Path) -> None:
    needs.insecurity("valkey has no TLS here, and redis has one database in a cluster")
    keys = [f"second-{number}" for number in range(keeping.KEYS)]
    config = {"cluster-databases": 2}
    with wishing.formed(name, tmp_path, server_config=config) as (app, wish):
        with second(app) as holders:
            for key in keys:
                holder(holders, key).set(key, key)
        wish.state("4")
        wishing.scale_out(app, 2)
        wishing.wait_even(app, 4)
        with second(app) as holders:
            assert [key for key in keys if holder(holders, key).get(key) != key] == []
        assert keeping.missing_keys(app) == []


@contextlib.contextmanager
def second(app: sets.LocalStatefulSet) -> Iterator[dict[range, redis.Redis]]:
    """Clients of the second database of each owner of slots, by its slots."""
    with contextlib.ExitStack() as stack:
        found = {}
        for ordinal in owned(app):
            (line,) = [one for one in app[ordinal].cluster_nodes().splitlines() if "myself" in one]
            client = stack.enter_context(app[ordinal].client(db=1))
            for span in line.split()[8:]:
                first, _, last = span.partition("-")
                found[range(int(first), int(last or first) + 1)] = client
        yield found


def holder(holders: dict[range, redis.Redis], key: str) -> redis.Redis:
    slot = redis.crc.key_slot(key.encode())
    return next(client for span, client in holders.items() if slot in span)
