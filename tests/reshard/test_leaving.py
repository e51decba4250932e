"""Fewer shards are wished: the pods that are not needed stand empty, go, and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import leaving, wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, misbehaviour, oracle


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_grown_shrunk_gone_and_back(name: str, tmp_path: Path) -> None:
    with leaving.shrunk(name, tmp_path) as (app, wish):
        seat, replica = app.pods[6:]
        # The empty shard stands as it is: no copy of another shard, and ready.
        assert [seat.ask("DBSIZE"), replica.ask("DBSIZE")] == [0, 0]
        assert wishing.follows(replica, seat)
        forming.wait_ready(app.pods)
        before = [one.ask("INFO", "stats")["sync_full"] for one in app.pods[:3]]
        with fire.Fire(app) as burning:
            leaving.scale_in(app, 2)
            leaving.wait_forgotten(app)
            burning.writer.stop()
            assert not burning.writer.lost()
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert leaving.status(app[0])[0] == 0
        wish.state("4")
        leaving.come_back(app, [seat, replica])
        leaving.wait_owned(app, [4096] * 4)
        assert seat.ordinal in owned(app)
        assert wishing.follows(replica, seat)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(app.pods)
        assert before == [one.ask("INFO", "stats")["sync_full"] for one in app.pods[:3]]
        assert {leaving.setting(one) for one in app.pods} == {"yes"}
        assert keeping.missing_keys(app) == []


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_first_layout_whose_pods_are_mixed(name: str, tmp_path: Path) -> None:
    """Pods 0 to 3 are primaries. Pod 6 is the only replica of pod 2, and pod 7 that of pod 3."""
    wish = wishing.Wish(tmp_path)
    wish.state("4")
    with keeping.formed(name, 8, sidecar_env=wish.env) as app, fire.Fire(app) as burning:
        wish.state("3")
        leaving.wait_may_go(app, ["redis-app-6", "redis-app-7"])
        assert set(owned(app)) == {0, 1, 2}
        # Pod 3 handed its role over, and is needed in the shard whose replica goes.
        assert wishing.follows(app[3], app[2])
        assert wishing.follows(app[6], app[7])
        assert [app[6].ask("DBSIZE"), app[7].ask("DBSIZE")] == [0, 0]
        forming.wait_ready(app.pods)
        gone = leaving.scale_in(app, 2)
        leaving.wait_forgotten(app)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        wish.state("4")
        leaving.come_back(app, gone)
        leaving.wait_owned(app, [4096] * 4)
        assert set(owned(app)) == {0, 1, 2, 7}
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_pods_that_go_too_early_are_told_with_the_way_back(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        wish.state("4")
        wishing.scale_out(app, 2)
        leaving.wait_owned(app, [4096] * 4)
        early = leaving.scale_in(app, 2)
        forming.until(
            lambda: "Then wish for fewer shards" in str(leaving.status(app[0])[1]),
            lambda: leaving.status(app[0]),
        )
        said = leaving.status(app[0])
        assert said[0] != 0
        assert "--replicas=8" in str(said[1]["headline"]["todo"])
        wish.state("3")
        forming.until(
            lambda: "scaling down too early" in str(forming.last(app[0]).get("waiting")),
            lambda: [forming.last(one) for one in app.pods],
        )
        leaving.come_back(app, early)
        leaving.wait_may_go(app, ["redis-app-6", "redis-app-7"])
        assert keeping.missing_keys(app) == []


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_pod_that_restarts_or_that_dns_does_not_tell_is_not_forgotten(
    name: str, tmp_path: Path
) -> None:
    with leaving.shrunk(name, tmp_path) as (app, _):
        seat, replica = app.pods[6:]
        ids = {one.node_id() for one in app.pods}
        rest = app.pods[:6]
        app.names.behave(misbehaviour.Behaviour.SERVFAIL, name=f"{seat.fqdn}.")
        for one in (seat, replica):
            app.take_down(one, moved=False)
            app.names.withdraw(one.name, app.spec.service, app.spec.namespace)
        # The replica of a node that may come back is not forgotten before the minute is over. Then
        # it is, and its primary, of whose name DNS only fails to tell, is not.
        forming.until(
            lambda: all(len(leaving.known(one)) == 7 for one in rest),
            lambda: [(one.cluster_nodes(), forming.last(one)) for one in rest],
        )
        app.names.behave(None, name=f"{seat.fqdn}.")
        for one in (seat, replica):
            one.move(app.addresses.fresh())
        kubelet.start([seat, replica])
        forming.until(
            lambda: all(leaving.known(one) == ids for one in app.pods),
            lambda: [(one.cluster_nodes(), forming.last(one)) for one in app.pods],
        )
        wishing.wait_follows(replica, seat)
        assert [seat.ask("DBSIZE"), replica.ask("DBSIZE")] == [0, 0]
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_an_empty_primary_that_loses_its_volume_leaves_no_replica_behind(
    name: str, tmp_path: Path
) -> None:
    """Valkey elects the replica. Redis elects none where there are no slots."""
    with leaving.shrunk(name, tmp_path) as (app, _):
        seat, replica = app.pods[6:]
        app.take_down(seat, wipe=True)
        kubelet.start([seat])
        led = app.pods[:6] if name.startswith("redis") else [seat, replica]
        forming.until(
            lambda: any(wishing.follows(replica, one) or wishing.follows(seat, one) for one in led),
            lambda: [(one.cluster_nodes(), forming.last(one)) for one in (seat, replica)],
        )
        leaving.wait_forgotten(app)
        forming.wait_ready(app.pods)
        assert keeping.missing_keys(app) == []
