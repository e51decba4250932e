from __future__ import annotations

import pytest

from bootstrap.model.proof import Proof, prove
from tests.core import build

ME = build.line(1, "myself,master")


@pytest.mark.parametrize(
    ("said", "proof"),
    [
        (build.hostname(1), Proof.OURS),
        ("", Proof.SILENT),
        (build.hostname(2), Proof.PEER),
        ("redis-app-1.redis-service.other.svc.cluster.local", Proof.FOREIGN),
        ("db-0.other", Proof.FOREIGN),
    ],
)
def test_a_hostname_proves(said: str, proof: Proof) -> None:
    view = build.view(ME, cluster_announce_hostname=said, cluster_announce_ip=build.address(1))
    assert prove(view, build.hostname(1), build.address(1), build.topology()) is proof


@pytest.mark.parametrize(
    ("said", "address", "proof"),
    [
        (build.address(1), build.address(1), Proof.OURS),
        ("", build.address(1), Proof.SILENT),
        (build.address(2), build.address(1), Proof.SILENT),
        ("", None, Proof.SILENT),
        ("", "", Proof.SILENT),
    ],
)
def test_before_7_the_announced_address_has_to_do(
    said: str, address: str | None, proof: Proof
) -> None:
    view = build.view(ME, server="redis-6.2", cluster_announce_ip=said)
    assert prove(view, build.hostname(1), address, build.topology()) is proof


def test_a_short_name_proves_a_node_that_ours_knows() -> None:
    """Any pod of that name, in any namespace, may announce it."""
    view = build.view(ME, cluster_announce_hostname="redis-app-1")
    where = (build.hostname(1), build.address(1), build.topology())
    assert prove(view, *where) is Proof.SILENT
    assert prove(view, *where, known={"n1"}) is Proof.OURS


def test_a_name_of_the_set_that_was_adopted_proves_nothing_of_the_pod_of_its_ordinal() -> None:
    topology = build.topology(adopted="old.redis.before.svc.cluster.local")
    for ordinal, proof in ((1, Proof.SILENT), (2, Proof.PEER)):
        name = f"old-{ordinal}.redis.before.svc.cluster.local"
        view = build.view(ME, cluster_announce_hostname=name)
        assert prove(view, build.hostname(1), build.address(1), topology) is proof
