"""Pods come back with their volumes at other addresses, and the cluster is whole again."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import oracle


# On valkey replicas find their primaries again by themselves.
@pytest.mark.secured
@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_all_pods_at_new_addresses(name: str) -> None:
    with keeping.formed(name) as app:
        before = forming.roles(app)
        keeping.down(app, app.pods)
        took = keeping.bring_back(app, app.pods)
        print(f"healthy after {took:.2f} s")
        assert forming.roles(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_many_pods_share_the_work(name: str) -> None:
    """Each introduces its node to half of the others; one comes later than the rest."""
    with keeping.formed(name, 14) as app:
        before = forming.roles(app)
        late, others = app[9], [*app.pods[:9], *app.pods[10:]]
        keeping.down(app, app.pods)
        for one in others:
            one.start_sidecar()
            one.start_server()
        forming.until(lambda: _together(oracle.problems(others)), lambda: oracle.problems(others))
        keeping.bring_back(app, [late])
        assert forming.roles(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_some_pods_at_new_addresses(count: int) -> None:
    with keeping.formed("redis-8.2") as app:
        some = app.pods[6 - count :]
        keeping.down(app, some)
        keeping.bring_back(app, some)
        assert not keeping.missing_keys(app)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_two_pods_swap_their_addresses(name: str) -> None:
    with keeping.formed(name) as app:
        one, other = app[1], app[4]
        keeping.down(app, (one, other), moved=False)
        here, there = one.address, other.address
        one.move(there)
        other.move(here)
        keeping.bring_back(app, (one, other))
        assert not keeping.missing_keys(app)


def test_an_empty_cluster_at_new_addresses() -> None:
    """Without a key a restarted cluster looks much like one that is only being formed."""
    with keeping.formed("redis-8.2") as app:
        for one in app.pods:
            if keeping.role(one) == "master":
                one.ask("FLUSHALL")
        before = forming.roles(app)
        keeping.down(app, app.pods)
        keeping.bring_back(app, app.pods)
        assert forming.roles(app) == before


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_one_pod_stays_away(name: str) -> None:
    """It holds nobody up: the others are together long before it is given up."""
    with keeping.formed(name) as app:
        away, others = app[5], app.pods[:5]
        keeping.down(app, app.pods)
        app.names.withdraw(away.name, app.spec.service, app.spec.namespace)
        for one in others:
            one.start_sidecar()
            one.start_server()
        forming.until(lambda: _together(oracle.problems(others)), lambda: oracle.problems(others))
        assert not keeping.missing_keys(app)
        assert all(forming.answers(one)[0] == 200 for one in others)


def _together(problems: list[str]) -> bool:
    """Whether nothing is wrong but that one pod is away, whose id nobody here can be asked for."""
    expected = ("none of the pods is", "unknown node", "in all")
    return all(any(words in one for words in expected) for one in problems)
