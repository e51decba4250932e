"""Names that cannot be resolved: silence and rubbish deny nothing, and nothing is formed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.refusals import asking, fingerprints
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
    says = (app[1].name, *says)
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
        "not in DNS: NXDOMAIN from",
        "kubectl get pods -n default",
        "kubectl get service redis-service -n default -o jsonpath='{.spec.clusterIP} {.spec.publish",
        "kubectl get statefulset redis-app -n default -o jsonpath='{.spec.serviceName}'",
    ]
    refused(blank, says)


SERVICES: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    "ClusterIP": (
        {"": "10.96.4.7"},
        "has one address, 10.96.4.7, which is not this pod's",
        "service redis-service -n default -o jsonpath='{.spec.clusterIP}'",
    ),
    "another serviceName": (
        {"10-1-2-3": "{own}", "10-1-2-4": "10.1.2.4"},
        "yet no pod has a name under it: the StatefulSet's serviceName is not redis-service",
        "statefulset redis-app -n default -o jsonpath='{.spec.serviceName}'",
    ),
    "another selector": (
        {"web-0": "10.1.2.4", "web-1": "10.1.2.5"},
        "lists 10.1.2.4, 10.1.2.5 and not this pod's address",
        "service redis-service -n default -o jsonpath='{.spec.selector}'",
    ),
    "no Service": (
        {},
        "the Service's own name does not exist either",
        "service redis-service -n default -o jsonpath='{.spec.clusterIP}",
    ),
}
"""What is published under the Service's name, what is said of it, and the look that shows it."""


@pytest.mark.parametrize("case", SERVICES)
def test_a_service_under_which_no_pod_has_a_name(blank: sets.LocalStatefulSet, case: str) -> None:
    published, *says = SERVICES[case]
    for pod in blank.pods:
        blank.names.withdraw(pod.name, "redis-service", "default")
    for name, address in published.items():
        where = address.format(own=blank[0].address)
        blank.names.publish(name, "redis-service", "default", [where])
    before = fingerprints.of(blank.pods)
    shown = asking.ask(blank[0], "--dry-run")
    assert shown.status == asking.NOT_YET, shown
    assert all(one in shown.text for one in ("not in DNS", *says)), shown
    if published:
        # Of a Service that is not there the log has said so with its first line of the pods.
        blank[0].start_sidecar()
        asking.wait_said(blank[0], ["not in DNS", *says])
    assert not fingerprints.changes(before, fingerprints.of(blank.pods), may_announce=blank[0])


@pytest.mark.parametrize("which", [[1], [0, 1, 2]], ids=["one pod", "all pods"])
def test_addresses_of_the_other_family(blank: sets.LocalStatefulSet, which: list[int]) -> None:
    """The pods speak IPv4, and their names have AAAA records only."""
    for ordinal in which:
        blank.names.publish(
            blank[ordinal].name, "redis-service", "default", [f"fd00::{ordinal + 10}"]
        )
    says = ["no IPv4 address", "spec.ipFamilies", "status.podIPs"]
    refused(blank, says)
