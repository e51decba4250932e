"""Every layout that is asked for: sizes, replicas per shard, ordinals, hosts and zones."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable

import pytest

from tests.formation import forming
from tests.statefulset import needs, oracle, servers, sets

FEWER = {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}
PRESENT = {
    name: found
    for name, found in servers.find_servers().items()
    if isinstance(found, servers.Server)
}
HERE = list(PRESENT) or list(servers.MATRIX)
"""The servers that are here, newest first: no case depends on one that is missing. With none, each
says why it is."""
OLD = [name for name, found in PRESENT.items() if found.version < (7, 2, 0)]
"""Those that carry no placement."""
SIZES = [(size, replicas) for size, replicas in itertools.product((3, 6, 7, 9, 12), (0, 1, 2))]
# Every size meets several servers, without trying all with all.
TABLE = [(*case, name) for case, name in zip(SIZES, itertools.cycle(HERE), strict=False)]


def assert_laid_out(app: sets.LocalStatefulSet) -> None:
    """The first ordinals own even parts in their order; the rest follow them evenly."""
    spec, roles = app.spec, forming.roles(app)
    shards = spec.size // (1 + spec.replicas_per_shard)
    edges = [16384 * index // shards for index in range(shards + 1)]
    first = spec.ordinal_start
    for index in range(shards):
        assert roles[first + index] == ((edges[index], edges[index + 1] - 1),)
    follows = collections.Counter(roles[ordinal] for ordinal in list(roles)[shards:])
    assert set(follows) <= set(range(first, first + shards))
    counts = [follows[primary] for primary in range(first, first + shards)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(("size", "replicas", "name"), TABLE)
def test_every_size_with_every_number_of_replicas(size: int, replicas: int, name: str) -> None:
    with sets.LocalStatefulSet(
        size, needs.server(name), replicas_per_shard=replicas, sidecar_env=FEWER
    ) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings, replicas_per_shard=replicas)
            assert_laid_out(app)
            forming.assert_redis_cli_agrees(app)
            forming.wait_ready(app.pods)
            forming.assert_calm(app)


@pytest.mark.parametrize("name", dict.fromkeys((HERE[0], HERE[-1])))
def test_ordinals_that_start_at_one(name: str) -> None:
    with sets.LocalStatefulSet(6, needs.server(name), ordinal_start=1) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
            assert [one.name for one in app.pods][::5] == ["redis-app-1", "redis-app-6"]
            assert_laid_out(app)
            forming.assert_redis_cli_agrees(app)
            forming.wait_ready(app.pods)


Place = Callable[[int], str | None]
NO_PLACES = "redis 7.0 carries no placement"


@pytest.mark.parametrize("name", [name for name in HERE if name not in OLD])
@pytest.mark.parametrize(
    ("host_of", "zone_of", "zones_apart"),
    [
        # Left to the ordinals alone, each of these would put every copy beside its primary.
        (lambda n: f"host-{n % 3}", lambda _: None, 0),
        (lambda n: f"host-{n}", lambda n: f"zone-{n % 3}", 3),
        # Two of the primaries are in zone-0, and so are two of the replicas.
        (lambda n: f"host-{n % 3}", lambda n: f"zone-{n % 3 // 2}", 2),
    ],
    ids=["hosts", "zones", "both"],
)
def test_no_replica_shares_a_place_with_its_primary(
    name: str, host_of: Place, zone_of: Place, zones_apart: int
) -> None:
    needs.insecurity(NO_PLACES)
    with sets.LocalStatefulSet(6, needs.server(name), host_of=host_of, zone_of=zone_of) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
            followed = {n: role for n, role in forming.roles(app).items() if isinstance(role, int)}
            assert sorted(followed) == [3, 4, 5]
            assert sorted(followed.values()) == [0, 1, 2]
            assert not [pair for pair in followed.items() if host_of(pair[0]) == host_of(pair[1])]
            apart = sum(zone_of(one) != zone_of(other) for one, other in followed.items())
            assert apart == zones_apart


@pytest.mark.parametrize("name", OLD[:1])
def test_servers_without_a_place_for_it_say_that_places_are_not_considered(name: str) -> None:
    with sets.LocalStatefulSet(6, needs.server(name), host_of=lambda _: "host-a") as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
            assert_laid_out(app)
            notes = forming.events(app[0], "plan")[-1]["notes"]
            assert any("hosts and zones are not considered" in note for note in notes)
