"""Pods that DNS does not find: what DNS answers, and what to look at."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, durations, service
from bootstrap.plan.verdict import Wait


def unanswered(pod: Pod) -> bool:
    """Whether DNS was asked about a pod, and gave no answer that counts."""
    return pod.node is None and pod.resolved.state == "unknown" and pod.resolved.asked


def missing(facts: Facts, pod: Pod) -> Wait:
    """For a pod whose name has not led to a server."""
    if not pod.resolved.asked:
        what = f"a first answer of DNS about {pod.hostname}"
        return Wait(pod=pod.name, what=what, usual=durations.LOOK)
    said, topology = _said(facts, pod), facts.topology
    return Wait(
        pod=pod.name,
        what=f"the name {pod.hostname} to resolve; {said}",
        fix=fix(facts, pod),
        usual=0.0 if unanswered(pod) else durations.CACHED,
        shared=(f"names of pods under {topology.subdomain}", said),
    )


def _said(facts: Facts, pod: Pod) -> str:
    topology, source = facts.topology, facts.topology.dns_source
    match pod.resolved.state:
        case "absent" if _family_missing(pod):
            return f"no {_family(topology.address)}address: {pod.resolved.reason}"
        case "absent":
            why = service.said(facts)
            return f"not in DNS: {pod.resolved.reason}{why and f'; {why}'}"
        case "found":
            return f"found at {', '.join(pod.resolved.addresses)}, not asked yet"
        case _:
            return f"DNS is unclear: {pod.resolved.reason} (name server of {source})"


def failing(facts: Facts) -> str:
    """How DNS fails, and for how many pods; empty if it answers."""
    pods = [pod for pod in facts.snapshot.pods if unanswered(pod)]
    if not pods:
        return ""
    many = f"{len(pods)} of {len(facts.snapshot.pods)}"
    said = " / ".join(sorted({pod.resolved.reason for pod in pods}))
    return f"DNS says nothing of {many} pods: {said} (name server of {facts.topology.dns_source})"


def _family(ours: str | None) -> str:
    """The address family of POD_IP, which is asked for; without POD_IP both are."""
    return "" if ours is None else "IPv6 " if ":" in ours else "IPv4 "


def _family_missing(pod: Pod) -> bool:
    """Whether the name exists, and has only addresses of the other family."""
    return pod.resolved.reason.startswith(("no data", "only addresses of the other family"))


def none_found(facts: Facts) -> bool:
    """Whether DNS denies every pod but ours. Then the Service is more likely at fault."""
    others = [pod for pod in facts.snapshot.pods if pod is not facts.me]
    return bool(others) and all(pod.resolved.state == "absent" for pod in others)


def fix(facts: Facts, pod: Pod) -> tuple[Todo, ...]:
    """Why a name may not exist, and the commands that show it."""
    topology = facts.topology
    if pod.resolved.state != "absent":
        return dns_fix(topology)
    if _family_missing(pod):
        return _family_fix(topology, pod)
    if none_found(facts):
        found = service.fix(facts)
        return found or (*_service_fix(topology), *_pods_fix(facts, pod))
    return _pods_fix(facts, pod)


def dns_fix(topology: Topology) -> tuple[Todo, ...]:
    """For a DNS that does not answer."""
    return (
        Todo(
            what="does the cluster's DNS run?",
            command="kubectl get pods -n kube-system -l k8s-app=kube-dns",
            expect="expected: all Running and ready; else see their log: kubectl logs -n"
            " kube-system -l k8s-app=kube-dns --tail=20",
        ),
        Todo(
            what=f"is the name server of {topology.dns_source} the cluster's own?",
            command="kubectl get service -n kube-system kube-dns -o jsonpath='{.spec.clusterIP}'",
            expect="expected: the address above; else correct BOOTSTRAP_NAMESERVERS, or the pod's"
            " dnsPolicy; a NetworkPolicy may keep port 53 from it",
        ),
    )


def _family_fix(topology: Topology, pod: Pod) -> tuple[Todo, ...]:
    return (
        Todo(
            what="is the Service of POD_IP's family?",
            command=commands.get(
                topology,
                f"service {commands.service(topology)}",
                "-o jsonpath='{.spec.ipFamilies}'",
            ),
            expect=f"expected: {_family(topology.address).strip() or 'both'} among them",
        ),
        Todo(
            what="which addresses has the pod?",
            command=commands.get(topology, f"pod {pod.name}", "-o jsonpath='{.status.podIPs}'"),
            expect="an address of that family among them; else the cluster gives pods none",
        ),
    )


def _service_fix(topology: Topology) -> tuple[Todo, ...]:
    name, where = commands.service(topology), topology.statefulset
    return (
        Todo(
            what=f"no other pod resolves under {name}, which is BOOTSTRAP_SERVICE, or else from the"
            " pod's own hostname. Is it right? The StatefulSet's serviceName is",
            command=commands.get(
                topology, f"statefulset {where}", "-o jsonpath='{.spec.serviceName}'"
            ),
            expect=f"expected: {name}; else set BOOTSTRAP_SERVICE to what it says",
        ),
        Todo(
            what="is there such a Service, headless, and does it list pods that are not ready?",
            command=commands.get(
                topology,
                f"service {name}",
                "-o jsonpath='{.spec.clusterIP} {.spec.publishNotReadyAddresses}'",
            ),
            expect="expected: None true. An address in place of None: make it anew with clusterIP:"
            " None; no true: set publishNotReadyAddresses: true; not found: compare the name"
            f" first: kubectl get service{commands.namespace(topology)}",
        ),
    )


def _pods_fix(facts: Facts, pod: Pod) -> tuple[Todo, ...]:
    topology = facts.topology
    there = sum(one.view is not None for one in facts.snapshot.pods)
    found = "1 pod was found" if there == 1 else f"{there} pods were found"
    size = f"{found}, BOOTSTRAP_SIZE says {topology.size}"
    if topology.size is None:
        size = f"{found}"
    return (
        Todo(
            what=f"{size}. Are the pods there?",
            command=commands.get(topology, "pods", "-o wide"),
            expect=f"expected: all pods of {topology.statefulset} Running, each with an address;"
            f" Pending: kubectl describe pod{commands.namespace(topology)} {pod.name} names the"
            " reason",
        ),
        Todo(
            what="how many should there be, and are all made at once?",
            command=commands.get(
                topology,
                f"statefulset {topology.statefulset}",
                "-o jsonpath='{.spec.replicas} {.spec.podManagementPolicy} {.spec.serviceName}'",
            ),
            expect=f"expected: {topology.size or 'the number of pods'} Parallel"
            f" {commands.service(topology)}. Another number: set BOOTSTRAP_SIZE to it;"
            " OrderedReady: docs/migration.md; another name: set BOOTSTRAP_SERVICE to it",
        ),
    )
