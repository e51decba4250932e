"""The fake of `tests/simulator` says what real servers say, to the commands that we send.

Each command goes to a real server and to its fake: both take it or both refuse it, and in the
end both say the same of who knows whom, owns what, and follows whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.real import CONFIG, PODS, Both, Command
from tests.statefulset import needs, process, servers, sets

THIRDS: Final = (((0, 5460),), ((5461, 10921),), ((10922, 16383),))
ALL: Final = ((0, 16383),)


@pytest.fixture(scope="module", params=servers.MATRIX)
def app(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    server = needs.server(request.param)
    with sets.LocalStatefulSet(PODS, server, server_config=CONFIG) as started:
        started.start_servers()
        yield started


def blank(app: sets.LocalStatefulSet) -> Both:
    """Make the real servers new, which nothing but a test may do."""

    def reset() -> bool:
        for pod in app.pods:
            if pod.ask("ROLE")[0] == "master":
                pod.ask("FLUSHALL")
            pod.ask("CLUSTER", "RESET", "HARD")
        return all(len(pod.cluster_nodes().splitlines()) == 1 for pod in app.pods)

    process.wait_for(reset, 10, "blank servers")
    for pod in app.pods:
        if app.server.version >= (7, 0, 0):
            pod.ask("CONFIG", "SET", "cluster-announce-hostname", "")
    return Both(app, app.server.name)


def name_of(ordinal: int) -> tuple[tuple[str, str], ...]:
    return (("cluster-announce-hostname", f"redis-app-{ordinal}.example"),)


FORMING: Final[Sequence[Command]] = (
    *(("epoch", ordinal, ordinal + 1) for ordinal in range(PODS)),
    *(("slots", ordinal, THIRDS[ordinal]) for ordinal in range(PODS)),
    ("meet", 0, 1),
    ("meet", 0, 2),
)

TABLE: Final[dict[str, Sequence[Command]]] = {
    "three primaries": FORMING,
    "a replica": (
        ("epoch", 0, 1), ("slots", 0, ALL), ("meet", 1, 0), ("meet", 2, 0), ("replicate", 1, 0),
        ("replicate", 2, 0),
    ),
    "epochs once, and never zero twice": (("epoch", 0, 1), ("epoch", 0, 2), ("epoch", 1, 1)),
    "no epoch for one that knows somebody": (("meet", 0, 1), ("epoch", 0, 1), ("epoch", 1, 1)),
    "slots once": (("slots", 0, THIRDS[0]), ("slots", 0, THIRDS[0]), ("slots", 0, ALL)),
    "slots of another": (("slots", 0, THIRDS[0]), ("meet", 0, 1), ("slots", 1, ALL)),
    "unknown primary": (("replicate", 0, PODS), ("replicate", 0, 1), ("replicate", 0, 0)),
    "a primary with slots follows nobody": (
        ("slots", 0, THIRDS[0]), ("slots", 1, THIRDS[1]), ("meet", 0, 1), ("replicate", 1, 0),
    ),
    "nobody follows a replica": (
        ("slots", 0, ALL), ("meet", 1, 0), ("replicate", 1, 0), ("meet", 2, 0), ("replicate", 2, 1),
    ),
    "a replica changes its primary": (
        ("slots", 0, THIRDS[0]), ("slots", 1, THIRDS[1]), ("meet", 2, 0), ("meet", 2, 1),
        ("replicate", 2, 0), ("replicate", 2, 1),
    ),
    "two clusters become one, and half is lost": (
        ("epoch", 0, 1), ("epoch", 1, 2), ("slots", 0, ALL), ("slots", 1, ALL), ("meet", 0, 1),
    ),
    "the same epoch, the same slots": (("slots", 0, ALL), ("slots", 1, ALL), ("meet", 0, 1)),
    "a meeting with oneself": (("meet", 0, 0),),
    "names": (("set", 0, name_of(0)), ("set", 1, name_of(1)), ("meet", 0, 1)),
    "settings that only some servers know": (
        ("set", 0, (("cluster-ping-interval", "100"),)),
        ("set", 0, (("cluster-ping-interval", "0"),)),
        ("set", 0, (("no-such-thing", "1"),)),
        ("set", 0, (("repl-diskless-sync-delay", "0"), ("repl-diskless-sync-max-replicas", "0"))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_commands(app: sets.LocalStatefulSet, name: str) -> None:
    both = blank(app)
    for command in TABLE[name]:
        both.send(command)
    both.settle()
    both.close()


def test_a_formed_cluster_says_ok_and_holds_keys(app: sets.LocalStatefulSet) -> None:
    both = blank(app)
    for command in ("slots", 0, ALL), ("meet", 1, 0), ("replicate", 1, 0):
        both.send(command)
    both.settle(state=True)
    assert both.real(0).state_ok
    app.pods[0].ask("SET", "key", "value")
    both.world.pods[0].server.keys = 1
    both.settle(state=True)
    assert both.real(1).keys
    for command in ("meet", 2, 0), ("replicate", 0, 2), ("replicate", 2, 0):
        both.send(command)
    both.settle(state=True)
    both.close()


@pytest.mark.parametrize(
    "forgotten",
    [
        (("forget", 0, 1),),
        (("forget", 0, 1), ("forget", 2, 1)),
        (("forget", 0, 1), ("forget", 0, 1)),
        (("forget", 0, 0), ("forget", 0, PODS)),
    ],
    ids=["by one", "by all others", "twice", "itself, and nobody"],
)
def test_whom_gossip_may_not_bring_back(
    app: sets.LocalStatefulSet, forgotten: Sequence[Command]
) -> None:
    """Who was forgotten stays so while others still tell of it: the ban of a minute.

    It is down, as whom we forget: valkey's newer ones would introduce themselves again.
    """
    both = blank(app)
    for command in FORMING:
        both.send(command)
    with both.down(1):
        for command in forgotten:
            both.send(command)
        both.settle()
        both.chat(0)
        both.check()
    both.close()


def test_no_replica_forgets_its_primary(app: sets.LocalStatefulSet) -> None:
    both = blank(app)
    commands: Sequence[Command] = (
        ("slots", 0, ALL), ("meet", 1, 0), ("replicate", 1, 0), ("forget", 1, 0),
    )  # fmt: skip
    for command in commands:
        both.send(command)
    both.settle()
    both.close()


_pods = st.integers(0, PODS - 1)
_commands = st.one_of(
    st.tuples(st.just("epoch"), _pods, st.integers(1, 3)),
    st.tuples(st.just("slots"), _pods, st.sampled_from([*THIRDS, ALL])),
    st.tuples(st.just("meet"), _pods, _pods),
    st.tuples(st.just("replicate"), _pods, st.integers(0, PODS)),
    st.tuples(st.just("set"), _pods, _pods.map(name_of)),
)


@settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(commands=st.lists(_commands, min_size=3, max_size=8))
def test_any_commands(app: sets.LocalStatefulSet, commands: list[Command]) -> None:
    both = blank(app)
    for command in commands:
        both.send(command)
    both.settle()
    both.close()


@pytest.mark.parametrize("name", servers.MATRIX)
@pytest.mark.parametrize("fate", ["restarted", "moved", "wiped"])
def test_what_befalls_a_pod(name: str, fate: str) -> None:
    """A restarted one knows everybody, a moved one is found again, a wiped one is a stranger."""
    with sets.LocalStatefulSet(PODS, needs.server(name), server_config=CONFIG) as app:
        app.start_servers()
        both = Both(app, name)
        for command in FORMING:
            both.send(command)
        pod = app.pods[1]
        app.take_down(pod, wipe=fate == "wiped", moved=fate == "moved")
        pod.start_server()
        pod.wait_server_up()
        both.world.restart(1, moved=fate == "moved", wiped=fate == "wiped")
        both.succeed(1)
        both.settle()
        both.close()
