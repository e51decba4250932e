"""Commands that make a replica the primary, and what a person has to know first."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, forced_failover


def only_copy(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """For slots whose primary is gone, and whose replica is not elected.

    Before all pods have been looked at, the primary may be there after all.
    """
    if facts.snapshot.scope < Scope.ALL:
        return (Todo(what="let the primary come back"),)
    return (
        Todo(
            what=f"how old is the copy of {pod}?",
            command=f"{commands.ask(facts.topology, pod)} INFO replication",
            expect="expected: the primary comes back, and nothing is to be done;"
            " master_link_down_since_seconds tells for how long it has had no news",
        ),
        promotion(facts, pod, f"only if its primary cannot come back: give {pod} its slots"),
    )


def promotion(facts: Facts, pod: str, when: str) -> Todo:
    """Makes a replica the primary, even if its own primary is gone.

    Not while owners that are taken for failed answer: these only lack links on the cluster bus.
    """
    failed = [one.node_id for one in facts.my.members if one.slots and one.failed]
    unlinked = [facts.pod_by_id[one].name for one in failed if one in facts.pod_by_id]
    if unlinked:
        return Todo(
            what=f"{', '.join(unlinked)} answer, and lack only links on the cluster bus; with those"
            " back the nodes elect by themselves: which NetworkPolicy holds?",
            command=commands.get(facts.topology, "networkpolicy", "-o yaml"),
        )
    act = Todo(
        what=f"{when}; what its copy lacks is gone then",
        command=promote(facts, pod),
        destructive=True,
    )
    return forced_failover.once_found(facts, act)


def promote(facts: Facts, pod: str) -> str:
    """The command for that: FORCE while most primaries can vote, else TAKEOVER."""
    owners = [member for member in facts.my.members if member.slots]
    lost = [member for member in owners if member.failed]
    how = "FORCE" if 2 * len(lost) < len(owners) else "TAKEOVER"
    return f"{commands.ask(facts.topology, pod)} CLUSTER FAILOVER {how}"


def keep_data(facts: Facts, replica: Pod | None) -> tuple[Todo, ...]:
    """For a primary that lost its data. The replica, if given, may hold a copy."""
    topology = facts.topology
    space = commands.namespace(topology)
    go = Todo(
        what="only if the data may go, or there was none: let the server start all the same;"
        " replicas that hold keys are emptied",
        command=f"kubectl set env{space} statefulset {topology.statefulset} -c bootstrap"
        f" BOOTSTRAP_GATE_ON_TIMEOUT=open && kubectl delete pod{space} {topology.name}",
        destructive=True,
    )
    if replica is None:
        keep = Todo(
            what="which replica of this pod holds keys? Make that the primary",
            command=f"{commands.in_sidecar(topology, topology.name)} python -m bootstrap status",
            expect="KEYS tells, in the lines of its shard",
        )
        return (keep, go)
    if replica.node is None and replica.resolved.state == "absent":
        keep = Todo(
            what=f"let {replica.name} come back, which may hold the data; where"
            " podManagementPolicy is OrderedReady that is only made after this pod: make the set"
            " Parallel (docs/migration.md)"
        )
        return (keep, go)
    keys = Todo(
        what=f"does {replica.name} hold the keys?",
        command=f"{commands.ask(topology, replica.name)} DBSIZE",
        expect="expected: the number of keys that the shard had",
    )
    keep = Todo(
        what=f"to keep them make {replica.name} the primary; what its copy lacks is gone then",
        command=f"{commands.ask(topology, replica.name)} CLUSTER FAILOVER FORCE",
        expect="if half of the primaries or more are down, no vote comes of it: then TAKEOVER",
        destructive=True,
    )
    return (keys, forced_failover.once_found(facts, keep), go)
