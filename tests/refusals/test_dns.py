"""Names that cannot be resolved: silence and rubbish deny nothing, and nothing is formed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.refusals import asking
from tests.statefulset import sets
from tests.statefulset.misbehaviour import Behaviour

LOOK_AT_DNS = ("BOOTSTRAP_NAMESERVERS", "kubectl get pods -n kube-system -l k8s-app=kube-dns")
UNCLEAR: Mapping[Behaviour, str] = {
    Behaviour.DROP: "no answer from",
    Behaviour.SERVFAIL: "SERVFAIL from",
    Behaviour.REFUSE: "REFUSED from",
    Behaviour.RANDOM_BYTES: "only a malformed answer from",
    Behaviour.WRONG_QUESTION: "only an answer to another question from",
    Behaviour.TRUNCATE_AND_NO_TCP: "no answer from",
}


def refused(
    app: sets.LocalStatefulSet, says: Sequence[str], env: Mapping[str, str] | None = None
) -> None:
    says = (f"the name {app[1].fqdn} to resolve", *says)
    failed = asking.FAILED
    asking.refused(app[0], app.pods, dry=asking.NOT_YET, once=failed, says=says, env=env)


def test_nobody_listens(blank: sets.LocalStatefulSet) -> None:
    where = f"{blank[0].address}:53"  # Where Redis is, but no name server.
    says = ["DNS is unclear", f"{where} cannot be reached: Connection refused", *LOOK_AT_DNS]
    refused(blank, says, {"BOOTSTRAP_NAMESERVERS": where})


@pytest.mark.parametrize("behaviour", UNCLEAR, ids=lambda one: one.name)
def test_no_answer_or_rubbish(blank: sets.LocalStatefulSet, behaviour: Behaviour) -> None:
    blank.names.behave(behaviour)
    where = f"{blank.names.address}:{blank.names.port}"
    refused(blank, ["DNS is unclear", f"{UNCLEAR[behaviour]} {where}", *LOOK_AT_DNS])


def test_forged_answers_are_passed_over(blank: sets.LocalStatefulSet) -> None:
    """A denial under another id is somebody else's; the proper answer comes behind it."""
    blank.names.behave(Behaviour.WRONG_ID)
    shown = asking.ask(blank[0], "--dry-run")
    assert shown.status == asking.NOT_YET, shown
    assert "redis-app-2: add-slots 10922-16383" in shown.text, shown


def test_names_that_do_not_exist(blank: sets.LocalStatefulSet) -> None:
    """With each of the three settings that keep them from it, and the command that shows it."""
    for pod in blank.pods:
        blank.names.withdraw(pod.name, "redis-service", "default")
    says = [
        "it does not exist: NXDOMAIN from",
        "kubectl get pods -n default",
        "publishNotReadyAddresses true: kubectl get service -n default redis-service",
        "podManagementPolicy Parallel, and serviceName redis-service: kubectl get statefulset",
    ]
    refused(blank, says)


@pytest.mark.parametrize("which", [[1], [0, 1, 2]], ids=["one pod", "all pods"])
def test_addresses_of_the_other_family(blank: sets.LocalStatefulSet, which: list[int]) -> None:
    """The pods speak IPv4, and their names have AAAA records only."""
    for ordinal in which:
        blank.names.publish(
            blank[ordinal].name, "redis-service", "default", [f"fd00::{ordinal + 10}"]
        )
    says = ["it has no IPv4 address", "spec.ipFamilies", "status.podIPs"]
    refused(blank, says)
