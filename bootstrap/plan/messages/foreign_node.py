"""Foreign nodes: what to look at, and whether all of our nodes may forget them."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands


def fix(facts: Facts, member: Member) -> tuple[Todo, ...]:
    """For a foreign node that our own node knows."""
    look = advice.nodes(
        facts.topology,
        facts.me.name,
        f"is {member.node_id} of another cluster, and does it own slots?",
        "its line tells; with slots behind `connected` two clusters may have met: see the runbook",
    )
    pod = Todo(
        what="which pod is it in?",
        command=f"kubectl get pods -A -o wide --field-selector status.podIP={member.address}",
        expect="while its server runs it may come back: let it forget our nodes, or stop it, first",
    )
    looks = (pod, look) if member.address else (look,)
    return (*looks, forgetting(facts, [member.node_id]))


def forgetting(facts: Facts, ids: list[str]) -> Todo:
    """Lets all of our nodes forget foreign ones, or says why that has to wait.

    It waits while one of them may be the node of one of our pods: no other node would know the
    replicas of that node then. Before redis 7.0 no node says whose it is. If a pod's name leads
    to a foreign node there, the pod's own node was not asked, and looks like a foreign one.
    """
    named = facts.my.setting("cluster-announce-hostname") is not None
    if not named or not facts.all_asked or facts.own_ids & {*ids}:
        return _unasked(facts)
    what = "it owns" if len(ids) == 1 else "they own"
    return Todo(
        what=f"only if {what} no slot of ours: let all of our nodes forget"
        f" {'it' if len(ids) == 1 else 'them'}, within 60 seconds",
        command=advice.forget_all(facts, ids),
        expect="expected: OK from each; a node of another cluster has to forget ours first, or it"
        " comes back",
    )


def _unasked(facts: Facts) -> Todo:
    """For an id that none of our pods has reported, while some were not asked."""
    pods = commands.get(facts.topology, "pods", "-o wide")
    silent = [pod.name for pod in facts.snapshot.pods if pod.view is None]
    if not silent:
        return Todo(
            what="forget nothing yet: servers before redis 7.0 do not say whose they are. Is its"
            " address that of one of our pods?",
            command=pods,
            expect="if so, it is the node of that pod, whose name leads elsewhere",
        )
    return Todo(
        what="forget nothing yet: it may be the node of a pod of ours that did not answer. Bring"
        f" that back first: {', '.join(silent)}",
        command=pods,
        expect="expected: Running and ready; then look again",
    )


def rename(facts: Facts, pods: list[Pod]) -> tuple[Todo, ...]:
    """For pods whose nodes announce other names, and that have no sidecar yet to mend that."""
    topology = facts.topology
    ordinals = " ".join(str(pod.ordinal) for pod in pods)
    each = f"{topology.statefulset}-$i"
    return (
        Todo(
            what="are these addresses the pods' own?",
            command=commands.get(topology, "pods", "-o wide"),
            expect="expected: " + ", ".join(f"{pod.name} at {pod.address}" for pod in pods),
        ),
        Todo(
            what="if they are, let the nodes announce their pods' names (docs/migration.md)",
            command=f"for i in {ordinals}; do {commands.ask(topology, each)} CONFIG SET"
            f" cluster-announce-hostname {each}.{topology.subdomain}; done",
        ),
    )
