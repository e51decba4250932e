"""What is wrong with the Service if DNS denies every pod. The Service's own name shows it.

A pod has a name only under a headless Service that is the StatefulSet's `serviceName`. A Service
with a ClusterIP has one address, its own. A headless one has those of the pods that it selects.
"""

from __future__ import annotations

import enum
from typing import assert_never

from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands


class Fault(enum.Enum):
    """What the answer about the Service's own name shows."""

    CLUSTER_IP = enum.auto()
    """One address, of no known pod: the Service seems to have a ClusterIP."""
    OTHER_NAME = enum.auto()
    """Our own address is among them: the Service selects our pod, and names no pod."""
    OTHER_PODS = enum.auto()
    """Several addresses, without ours."""
    ABSENT = enum.auto()
    """The name does not exist: no such Service, or a headless one without any pod."""


def fault(facts: Facts) -> Fault | None:
    """The fault; None if some other pod has a name, or DNS has not answered."""
    service = facts.snapshot.service
    if service is None or service.state == "unknown" or not _nameless(facts):
        return None
    ours = facts.topology.address
    if not service.addresses:
        return Fault.ABSENT
    if ours in service.addresses:
        return Fault.OTHER_NAME
    if len(service.addresses) == 1:
        return Fault.CLUSTER_IP
    # Without POD_IP our own address is not known, and one of these may be ours.
    return Fault.OTHER_PODS if ours else None


def _nameless(facts: Facts) -> bool:
    """Whether DNS denies the name of every pod but ours.

    A node that answers through a ClusterIP says whose it is. Its pod has no name all the same.
    """
    service = facts.snapshot.service
    through = service.addresses if service else ()
    others = [pod for pod in facts.snapshot.pods if pod is not facts.me]
    return bool(others) and all(
        pod.resolved.state == "absent" or (pod.resolved.addresses == through and len(through) == 1)
        for pod in others
    )


def said(facts: Facts) -> str:
    """The fault in words; empty if there is none."""
    service, name = facts.snapshot.service, commands.service(facts.topology)
    addresses = ", ".join(service.addresses[:3]) if service else ""
    found = fault(facts)
    match found:
        case None:
            return ""
        case Fault.CLUSTER_IP:
            return (
                f"the Service {name} has one address, {addresses}, which is not this pod's: a"
                " Service with a ClusterIP has that, and its pods have no names"
            )
        case Fault.OTHER_NAME:
            return (
                f"the Service {name} lists this pod's address, {facts.topology.address}, yet no pod"
                f" has a name under it: the StatefulSet's serviceName is not {name}"
            )
        case Fault.OTHER_PODS:
            return (
                f"the Service {name} lists {addresses} and not this pod's address,"
                f" {facts.topology.address}: its selector takes other pods"
            )
        case Fault.ABSENT:
            return (
                f"the Service's own name does not exist either: there is no Service {name}, or it"
                " selects no pod (or none that is ready, without publishNotReadyAddresses)"
            )
        case _:
            assert_never(found)


def fix(facts: Facts) -> tuple[Todo, ...]:
    """The look that shows the fault, and the act; empty if several things may be wrong."""
    topology = facts.topology
    name = commands.service(topology)
    match fault(facts):
        case Fault.CLUSTER_IP:
            return (
                Todo(
                    what=f"is the Service {name} headless?",
                    command=_field(facts, f"service {name}", "{.spec.clusterIP}"),
                    expect="expected: None. An address: delete the Service and make it anew with"
                    " clusterIP: None and publishNotReadyAddresses: true; neither deletes a pod",
                ),
            )
        case Fault.OTHER_NAME:
            return (
                Todo(
                    what="under which Service has the StatefulSet its pods' names?",
                    command=_field(
                        facts, f"statefulset {topology.statefulset}", "{.spec.serviceName}"
                    ),
                    expect=f"expected: {name}; else set BOOTSTRAP_SERVICE to what it says, and see"
                    " that a headless Service of that name is there",
                ),
            )
        case Fault.OTHER_PODS:
            return (
                Todo(
                    what=f"which pods does the Service {name} select?",
                    command=_field(facts, f"service {name}", "{.spec.selector}"),
                    expect="expected: labels that this set's pods have: kubectl get pods"
                    f"{commands.namespace(topology)} --show-labels",
                ),
            )
        case _:
            return ()


def _field(facts: Facts, what: str, path: str) -> str:
    return commands.get(facts.topology, what, f"-o jsonpath='{path}'")
