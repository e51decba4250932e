"""Clients and bus speak TLS only, both sides show certificates, and each names one pod."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import authority, sets


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sets.LocalStatefulSet]:
    """A cluster whose only authority issues certificates for the pods' full names."""
    issuer: Path = tmp_path_factory.mktemp("issuer")
    with keeping.formed("redis-7.0", tls=authority.Authority(issuer).per_pod) as app:
        yield app


def test_nobody_speaks_anything_else(formed: sets.LocalStatefulSet) -> None:
    for one in formed.pods:
        for setting, value in {
            "port": "0",
            "tls-cluster": "yes",
            "tls-replication": "yes",
            "tls-auth-clients": "yes",
        }.items():
            assert one.ask("CONFIG", "GET", setting) == [setting, value]
    forming.assert_redis_cli_agrees(formed)
    forming.wait_ready(formed.pods)
    forming.assert_calm(formed)


def test_the_role_is_handed_over(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    status, text = roles.hand_over(primary)
    assert (status, text[:5]) == (200, "done:"), text
    roles.assert_turned(formed, primary, replica)


def test_a_lost_volume(formed: sets.LocalStatefulSet) -> None:
    before = keeping.shards(formed)
    (lost, *_) = roles.primaries(formed)
    keeping.down(formed, [lost], wipe=True)
    keeping.bring_back(formed, [lost])
    assert keeping.shards(formed) == before
    assert not keeping.missing_keys(formed)


def test_all_pods_at_new_addresses(formed: sets.LocalStatefulSet) -> None:
    before = keeping.shards(formed)
    keeping.down(formed, formed.pods)
    keeping.bring_back(formed, formed.pods)
    assert keeping.shards(formed) == before
    assert not keeping.missing_keys(formed)
    forming.wait_ready(formed.pods)


@pytest.mark.parametrize("args", [("--dry-run",), ("--dry-run", "--output", "json"), ("status",)])
def test_whoever_asks_is_told_that_all_is_well(
    formed: sets.LocalStatefulSet, args: tuple[str, ...]
) -> None:
    roles.wait_healthy(formed)
    status, text = roles.beside(formed[3], *args)
    assert status == 0, text
