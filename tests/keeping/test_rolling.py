"""A client that never stops writing, while pods are replaced, killed and emptied.

How long it had to wait is printed, and asserted nowhere.
"""

from __future__ import annotations

import pytest

from tests.keeping import fire, keeping, roles

TWO = ("valkey-9.1", "redis-8.2")


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_rolling_restart_loses_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last ordinal first; the next goes as soon as this one is ready, and not before."""
    with fire.formed(name) as app:
        with fire.Fire(app) as under:
            ends = [under.roll(one) for one in reversed(app.pods)]
            lost = under.judge()
        with capsys.disabled():
            print(f"\n{name}: {under.report('rolling restart', lost)}")
        assert lost == set()
        assert sum(end.startswith("done: ") for end in ends) >= 3


@pytest.mark.secured
@pytest.mark.parametrize("name", TWO)
def test_a_killed_primary(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It comes back with its volume, elsewhere, when its replica has taken over."""
    with fire.formed(name) as app:
        (replica,) = roles.replicas(app, app[1])
        with fire.Fire(app) as under:
            under.strike([app[1]])
            fire.promoted([replica])
            under.back([app[1]])
            lost = under.judge()
        with capsys.disabled():
            print(f"\n{name}: {under.report('SIGKILL of a primary', lost)}")


def test_a_killed_primary_that_is_back_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Sooner than anybody could be elected, mostly: all that it acknowledged is on its disk."""
    with fire.formed("redis-8.2") as app:
        with fire.Fire(app) as under:
            under.strike([app[1]])
            under.back([app[1]])
            lost = under.judge()
        with capsys.disabled():
            print(f"\n{under.report('SIGKILL of a primary that is back at once', lost)}")


@pytest.mark.parametrize(("name", "ordinal"), [("redis-8.2", 1), ("valkey-9.1", 0), ("redis-7.0", 0)])  # fmt: skip
def test_a_wiped_primary(name: str, ordinal: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Also the pod that forms clusters: it does not form another."""
    with fire.formed(name) as app:
        assert keeping.role(app[ordinal]) == "master"
        (replica,) = roles.replicas(app, app[ordinal])
        ghost = app[ordinal].node_id()
        with fire.Fire(app) as under:
            under.strike([app[ordinal]], wipe=True)
            under.back([app[ordinal]])
            lost = under.judge()
        assert keeping.role(replica) == "master"
        assert [one.name for one in app.pods if ghost in one.cluster_nodes()] == []
        with capsys.disabled():
            print(f"\n{name}: {under.report(f'wiped ordinal {ordinal}', lost)}")


def test_what_no_copy_had_is_lost_and_noticed() -> None:
    """The twin of them all: with replication cut off a kill loses writes, and the account says so."""
    with fire.formed("valkey-9.1") as app:
        (replica,) = roles.replicas(app, app[1])
        with fire.Fire(app) as under:
            app[1].ask("ACL", "SETUSER", app.spec.follower, "-psync", "-sync")
            app[1].ask("CLIENT", "KILL", "TYPE", "replica")
            under.writer.wait_for(100)
            under.strike([app[1]])
            excused = set(under.excused)
            fire.promoted([replica])
            under.back([app[1]])
            under.excused.clear()
            with pytest.raises(AssertionError, match="writes; gaps"):
                under.judge()
            assert set() < under.writer.lost() <= excused
