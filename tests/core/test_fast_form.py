"""Settings of forming: each is its own mark, and can be put back by whoever finds it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.model import fast_form
from bootstrap.model.view import View
from tests.core import build
from tests.simulator.products import PRODUCTS

ME = build.line(0, "myself,master")


def after(view: View, settings: fast_form.Settings) -> View:
    """The same server, once it has been told."""
    known = {**dict(view.settings), **dict(settings)}
    again: dict[str, Any] = {name.replace("-", "_"): value for name, value in known.items()}
    return build.view(ME, **again)


@pytest.mark.parametrize("server", sorted(PRODUCTS))
@build.ANYWHERE
@given(
    delay=st.integers(0, 3000),
    replica_count=st.integers(0, 3000),
    pods=st.integers(1, 300),
    load=st.sampled_from(["disabled", "swapdb", "on-empty-db"]),
)
def test_what_is_hurried_can_be_calmed_without_memory(
    server: str, delay: int, replica_count: int, pods: int, load: str
) -> None:
    given_: dict[str, Any] = {"repl_diskless_sync_delay": str(delay), "repl_diskless_load": load}
    if "repl-diskless-sync-max-replicas" in PRODUCTS[server].settings:
        given_["repl_diskless_sync_max_replicas"] = str(replica_count)
    before = build.view(ME, server=server, **given_)
    speed_up = fast_form.speed_up(before, pods)
    assert {name for name, _ in speed_up} <= {name for name, _ in before.settings}
    during = after(before, speed_up)
    assert fast_form.marked(during) == bool(speed_up)
    assert dict(after(during, fast_form.restore(during)).settings) == {
        **dict(before.settings),
        **{name: value for name, value in during.settings if name not in dict(before.settings)},
    }
    assert not fast_form.restore(before)


@pytest.mark.parametrize("server", sorted(PRODUCTS))
def test_a_copy_waits_for_the_replicas_of_its_shard_and_no_longer(server: str) -> None:
    for replicas, expected in (0, "1"), (1, "1"), (2, "2"):
        before = build.view(ME, server=server, repl_diskless_sync_max_replicas="0")
        told = fast_form.replica_count(before, replicas)
        if server == "redis-6.2":
            assert told == ()
            continue
        during = after(before, told)
        changed = {name for name, value in before.settings if during.setting(name) != value}
        assert changed == {fast_form.SYNC_REPLICAS}
        assert during.setting(fast_form.SYNC_REPLICAS) == expected
        assert fast_form.replica_count(during, replicas) == ()
        assert not fast_form.marked(during)


@pytest.mark.parametrize(
    ("delay", "together"), [("0", "0"), ("4", "0"), ("3600", "0"), ("5", "1"), ("5", "7")]
)
def test_what_a_person_has_chosen_for_copies_stays(delay: str, together: str) -> None:
    chosen = build.view(
        ME, repl_diskless_sync_delay=delay, repl_diskless_sync_max_replicas=together
    )
    assert fast_form.replica_count(chosen, 1) == ()


@pytest.mark.parametrize("server", [name for name in sorted(PRODUCTS) if name != "redis-6.2"])
def test_whoever_writes_last_leaves_nothing_that_cannot_be_put_back(server: str) -> None:
    """The seed hurries a node while its own sidecar tells it how to copy: both had looked before."""
    before = build.view(ME, server=server, repl_diskless_sync_max_replicas="0")
    speed_up, told = fast_form.speed_up(before, 6), fast_form.replica_count(before, 1)
    for some in (speed_up, told), (told, speed_up):
        end = before
        for settings in some:
            end = after(end, settings)
        end = after(end, fast_form.restore(end))
        end = after(end, fast_form.replica_count(end, 1))
        assert end == after(before, told)


def test_the_delay_is_shortened_only_where_it_can_be_remembered() -> None:
    names = {name for name, _ in fast_form.speed_up(build.view(ME, server="redis-8.2"), 6)}
    assert names == {
        "cluster-ping-interval",
        "repl-diskless-sync-delay",
        "repl-diskless-sync-max-replicas",
    }
    for value, server in ("0", "redis-8.2"), ("1000", "redis-8.2"), ("1000", "valkey-9.1"):
        said = build.view(ME, server=server, repl_diskless_sync_delay=value)
        assert {name for name, _ in fast_form.speed_up(said, 6)} == {"cluster-ping-interval"}
    kept = fast_form.speed_up(build.view(ME, repl_diskless_sync_max_replicas="1000"), 6)
    assert {name for name, _ in kept} == {"cluster-ping-interval"}


def test_only_the_newest_load_a_copy_quicker_from_the_socket() -> None:
    for server, expected in (
        ("valkey-9.1", "on-empty-db"),
        ("valkey-8.1", None),
        ("redis-8.2", None),
    ):
        settings = dict(fast_form.speed_up(build.view(ME, server=server), 6))
        assert settings.get("repl-diskless-load") == expected
    undelayed = build.view(ME, repl_diskless_sync_delay="0")
    hurried = after(undelayed, fast_form.speed_up(undelayed, 6))
    assert hurried.setting("repl-diskless-load") == "on-empty-db"
    assert after(hurried, fast_form.restore(hurried)) == undelayed
    own = build.view(ME, repl_diskless_load="swapdb")
    assert "repl-diskless-load" not in dict(fast_form.speed_up(own, 6))


def test_the_largest_mark_fits_the_server() -> None:
    view = build.view(ME, repl_diskless_sync_delay="999", repl_diskless_sync_max_replicas="999")
    (mark,) = (value for name, value in fast_form.speed_up(view, 6) if name.endswith("replicas"))
    assert int(mark) < 2**31


def test_a_pace_of_the_users_own_is_not_taken_for_the_default() -> None:
    assert "cluster-ping-interval" not in dict(
        fast_form.speed_up(build.view(ME, cluster_ping_interval="50"), 6)
    )


@pytest.mark.parametrize(
    ("pods", "pace"),
    [(3, "100"), (6, "100"), (7, "200"), (12, "200"), (30, "300"), (60, "500"), (120, "1000"),
     (240, "4000"), (500, "4000")],
)  # fmt: skip
def test_more_pods_more_patience(pods: int, pace: str) -> None:
    assert dict(fast_form.speed_up(build.view(ME), pods))["cluster-ping-interval"] == pace


def test_a_dip_is_told_from_a_node_timeout() -> None:
    assert not fast_form.has_low_node_timeout(build.view(ME))
    assert not fast_form.has_low_node_timeout(build.view(ME, cluster_node_timeout="500"))
    has_low_node_timeout = build.view(ME, cluster_node_timeout="499")
    assert fast_form.has_low_node_timeout(has_low_node_timeout)
    assert fast_form.marked(has_low_node_timeout)
    assert not fast_form.restore(has_low_node_timeout)
    assert fast_form.restore_node_timeout(7000) == (("cluster-node-timeout", "7000"),)


@pytest.mark.parametrize(
    ("pods", "slotted", "low"),
    [(3, 0.0, "499"), (24, 0.0, "499"), (25, 0.0, None), (25, 0.798, None), (25, 0.8, "999"),
     (60, 0.8, "999"), (61, 0.8, None), (61, 1.8, "1999"), (120, 1.8, "1999"), (121, 9.0, None)],
)  # fmt: skip
def test_more_pods_a_later_and_a_lesser_dip(pods: int, slotted: float, low: str | None) -> None:
    settings = fast_form.lower_node_timeout(pods, slotted)
    assert dict(settings).get("cluster-node-timeout") == low
    if low:
        assert fast_form.has_low_node_timeout(build.view(ME, cluster_node_timeout=low))
