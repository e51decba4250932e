"""Addresses are used again by somebody else's pods: nobody is merged, nobody is taken for another.

The servers themselves do not mind whom they meet, and no server knows the name of its cluster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, neighbours
from tests.statefulset import needs, oracle

STALE: Final = 12.0
"""Seconds for which DNS tells where pods were before."""
NEVER_CURED: Final = 900.0
"""The same for a test that ends sooner: on a busy machine a dozen pods take long to start."""


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_two_sets_exchange_their_addresses(name: str) -> None:
    """Each pod is where a pod of the other set was, and known there to all its former peers."""
    with neighbours.both(name, passwords=True) as (app, db):
        keeping.down(app, app.pods, moved=False)
        keeping.down(db, db.pods, moved=False)
        neighbours.exchange(app.pods, db.pods)
        neighbours.start(app)
        neighbours.start(db)
        for one in (app, db):
            print(f"healthy after {oracle.wait_healthy(one.pods, keeping.HEALTHY):.2f} s")
        neighbours.assert_themselves(app, db)
        forming.wait_ready([*app.pods, *db.pods])


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_two_sets_with_one_password(name: str) -> None:
    """A replica that starts is let in nowhere, before its primary has proven to be there.

    Else it copies the stranger, until it finds its primary: if that is lost meanwhile, all is.
    """
    with neighbours.both(name, passwords=True, shared=True) as (app, db):
        keeping.down(app, app.pods, moved=False)
        keeping.down(db, db.pods, moved=False)
        for one in (app, db):
            neighbours.stale(one, STALE)
        neighbours.exchange(app.pods, db.pods)
        neighbours.start(app)
        neighbours.start(db)
        wrong_primary: set[str] = set()

        def healthy() -> bool:
            wrong_primary.update(neighbours.wrong_primary(app, "db-*"))
            return not (oracle.problems(app.pods) or oracle.problems(db.pods))

        forming.until(healthy, lambda: oracle.problems([*app.pods, *db.pods]))
        assert not wrong_primary
        neighbours.assert_themselves(app, db)
        forming.wait_ready([*app.pods, *db.pods])


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_while_dns_tells_where_they_were(name: str) -> None:
    """Every name leads into the other cluster, and both are healed once it does not any more."""
    with neighbours.both(name, passwords=True) as (app, db):
        keeping.down(app, app.pods, moved=False)
        keeping.down(db, db.pods, moved=False)
        for one in (app, db):
            neighbours.stale(one, STALE)
        neighbours.exchange(app.pods, db.pods)
        neighbours.start(app)
        neighbours.start(db)
        for one in (app, db):
            print(f"healthy after {oracle.wait_healthy(one.pods, keeping.HEALTHY):.2f} s")
        neighbours.assert_themselves(app, db)
        forming.wait_ready([*app.pods, *db.pods])


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_one_set_comes_back_at_the_addresses_of_the_other(name: str) -> None:
    """The other is away for good, and its servers' addresses are all that its own sidecars know."""
    with neighbours.both(name, passwords=True) as (app, db):
        keeping.down(app, app.pods, moved=False)
        keeping.down(db, db.pods, moved=False)
        neighbours.exchange(app.pods, db.pods)
        neighbours.start(app)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert not keeping.missing_keys(app)
        assert neighbours.keys(app) == keeping.KEYS
        forming.wait_ready(app.pods)


@pytest.mark.twin("test_while_dns_tells_where_they_were")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_without_our_checks_they_meet(name: str, tmp_path: Path) -> None:
    """The twin of the test with stale DNS: what a healer does that goes by names."""
    needs.insecurity("certificates keep them apart too")
    patched = neighbours.without_checks(tmp_path)
    with neighbours.both(name, passwords=False) as (app, db):
        theirs = neighbours.ids(db)
        neighbours.mislead(app, db, NEVER_CURED, python_path=patched)
        forming.until(
            lambda: any(theirs & neighbours.known(one) for one in app.pods),
            lambda: [one.cluster_nodes() for one in app.pods],
        )


def test_without_our_checks_they_are_merged(tmp_path: Path) -> None:
    """The twin of the test with one password, which keeps no MEET away: slots and keys go.

    Valkey goes all the way at once. Redis may hang half-way for minutes, each node with all of the
    other set and none of its own, which is no better, and nothing to wait for.
    """
    needs.insecurity("certificates keep them apart too")
    patched = neighbours.without_checks(tmp_path)
    with neighbours.both("valkey-9.1", passwords=True, shared=True) as (app, db):
        keeping.write(app, "app")
        everybody = [*app.pods, *db.pods]
        before = neighbours.names_of_keys(everybody)
        neighbours.mislead(app, db, NEVER_CURED, python_path=patched)
        # Slots had two owners; whoever lost its last one copies the winner, and its keys go.
        forming.until(
            lambda: neighbours.primaries_fewer(everybody, 6),
            lambda: [one.cluster_nodes() for one in everybody],
        )
        forming.until(
            lambda: neighbours.keys_fewer(everybody, before),
            lambda: (len(neighbours.names_of_keys(everybody)), len(before)),
        )


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_without_passwords_a_replica_copies_whoever_answers(name: str) -> None:
    """The servers' own doing, no sidecar runs: why two clusters in one network need passwords.

    A replica that starts dials where its primary was, and takes the data of whoever is there.
    """
    needs.insecurity("there are passwords")
    with neighbours.both(name, passwords=False) as (app, db):
        keeping.down(app, app.pods, moved=False)
        keeping.down(db, db.pods, moved=False)
        neighbours.exchange(app.pods, db.pods)
        app.start_servers()
        db.start_servers()
        forming.until(
            lambda: any(one.ask("KEYS", "db-*") for one in app.pods),
            lambda: [one.ask("INFO", "replication") for one in app.pods],
        )
