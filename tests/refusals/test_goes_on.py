"""What a person can mend is waited for: the sidecar says what it is, and then goes on by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.refusals import asking, fingerprints
from tests.statefulset import oracle, sets
from tests.statefulset.misbehaviour import Behaviour

Mend = Callable[[], None]


@contextmanager
def port_closed(app: sets.LocalStatefulSet) -> Iterator[Mend]:
    for pod in (app[0], app[2]):
        pod.start_server()
        pod.wait_server_up()
    yield app.start_servers


@contextmanager
def slots_of_its_own(app: sets.LocalStatefulSet) -> Iterator[Mend]:
    app.start_servers()
    app[1].ask("CLUSTER", "ADDSLOTS", 7)

    def give_an_empty_volume() -> None:
        app[1].kill_server()
        app[1].wipe()
        app.start_servers()

    yield give_an_empty_volume


@contextmanager
def silent_dns(app: sets.LocalStatefulSet) -> Iterator[Mend]:
    app.start_servers()
    app.names.behave(Behaviour.DROP)
    yield lambda: app.names.behave(None)


CASES: Mapping[
    str,
    tuple[Callable[[sets.LocalStatefulSet], AbstractContextManager[Mend]], Sequence[str]],
] = {
    "port closed": (port_closed, ["redis-app-1", "Connection refused"]),
    "slots": (slots_of_its_own, ["pod-has-slots", "redis-app-1 owns slot 7"]),
    "silent DNS": (silent_dns, ["redis-app-1", "DNS is unclear: no answer"]),
}


@pytest.mark.parametrize("case", CASES)
def test_until_it_is_mended(bare: sets.LocalStatefulSet, case: str) -> None:
    arrange, says = CASES[case]
    with arrange(bare) as mend:
        bare.start_sidecars()
        asking.wait_said(bare[0], says)
        assert [bare[0].http(path)[0] for path in ("/startupz", "/livez")] == [200, 200]
        status, why = bare[0].http("/readyz")
        assert status == 503, why
        members = [len(pod.cluster_nodes().splitlines()) for pod in bare.pods if pod.running]
        assert set(members) == {1}
        mend()
        oracle.wait_healthy(bare.pods, asking.LONG)
    for pod in bare.pods:
        assert pod.stop_sidecar(signal.SIGTERM) == 0
        assert asking.SECRET not in pod.sidecar.output()


def test_readiness_says_why_it_is_blocked(blank: sets.LocalStatefulSet) -> None:
    blank[1].ask("CLUSTER", "ADDSLOTS", 7)
    before = fingerprints.of(blank.pods)
    blank[0].start_sidecar()
    asking.wait_said(blank[0], ["pod-has-slots"])
    status, why = blank[0].http("/readyz")
    assert status == 503
    assert why.startswith("ACT pod-has-slots: redis-app-1 owns slot 7")
    assert 'bootstrap_blocked{code="pod-has-slots"} 1.0' in blank[0].http("/metrics")[1]
    assert blank[0].stop_sidecar(signal.SIGTERM) == 0
    assert fingerprints.changes(before, fingerprints.of(blank.pods), may_announce=blank[0]) == []
