"""Rule 1: our own node says its name and address. Its sidecar alone writes this.

The hostname is what proves to all others that the node behind an address is ours, so it is
written together with the placement: a sidecar that sees the one may rely on the other.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import fast_form, leaving_mark
from bootstrap.model.actions import Action, ConfigSet, ReloadCertificates, SetPeersPassword
from bootstrap.model.snapshot import Pod
from bootstrap.plan.facts import Facts, human_name
from bootstrap.plan.verdict import Step

#: Ports that a node gives as its own; 0, the default, are those at which it listens. Charts for
#: networks with translated ports set them. Here peers dial the pod's own address, and at any other
#: port no server listens.
PORTS: Final = (
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
)


def settings(facts: Facts) -> Step | None:
    """What our own node still has to be told; None when it knows."""
    actions: list[Action] = []
    # Before it says who it is: the seed hurries no node that has not.
    replica_count = fast_form.replica_count(facts.my, facts.topology.replicas_per_shard)
    if replica_count:
        why = "a replica that comes back need not wait for others to share its copy"
        actions.append(ConfigSet(pod=facts.me.name, settings=replica_count, why=why))
    wanted = _announced(facts)
    if wanted:
        why = f"peers must know its name and address{_left_behind(facts)}"
        actions.append(ConfigSet(pod=facts.me.name, settings=wanted, why=why))
    if facts.topology.with_password and not facts.my.peers_password_ok and not unproven(facts):
        actions.append(
            SetPeersPassword(pod=facts.me.name, why="a replica logs in to its primary with it")
        )
    path = facts.my.setting("tls-cert-file")
    if facts.my.certificate_old and path:
        why = "the files were replaced, and a server reads them only when it is told to"
        actions.append(ReloadCertificates(pod=facts.me.name, path=path, why=why))
    return Step(actions=tuple(actions), until="the node says so itself") if actions else None


def unproven(facts: Facts) -> bool:
    """Whether our replica dials an address where its primary has not proven to be.

    Replication asks for no node id. A replica that starts copies the node that answers where its
    primary was; only without the password it cannot.
    """
    my = facts.my
    if my.myself.is_replica and not my.link_up:
        pod = facts.pod_by_id.get(my.myself.primary_id or "")
        return pod is None or my.primary_host not in (pod.address, announced(pod))
    return False


def announced(pod: Pod) -> str | None:
    """The address that a pod's node gives as its own."""
    return pod.view.setting("cluster-announce-ip") if pod.view else None


def abandoned(facts: Facts) -> Step | None:
    """Temporary settings that were not taken back in time: each pod looks after its own node.

    A dip may last two seconds; the rest is the forming seed's for as long as forming takes.
    """
    my, timers, me = facts.my, facts.snapshot.timers, facts.me.name
    settings: fast_form.Settings = ()
    warning = ""
    if fast_form.has_low_node_timeout(my) and timers.own_dip >= fast_form.LOW_NODE_TIMEOUT_SECONDS:
        before = timers.node_timeout(me)
        settings += fast_form.restore_node_timeout(before or facts.topology.node_timeout)
        warning = "" if before else _guess(facts)
    if timers.marked >= fast_form.ABANDONED_SECONDS:
        settings += fast_form.restore(my)
    if not settings:
        return None
    action = ConfigSet(pod=me, settings=settings, why="a setting of forming was left behind")
    return Step(actions=(action,), until="the node has its own settings again", warning=warning)


def _left_behind(facts: Facts) -> str:
    """The lines of redis.conf that send peers to another port."""
    lines = [
        f"`{name} {value}`" for name in PORTS if (value := facts.my.setting(name) or "0") != "0"
    ]
    if not lines:
        return ""
    listens = f"{facts.topology.port} and, for the bus, {_bus_port(facts)}"
    where = "redis.conf, or of the server's arguments,"
    return f"; it listens at {listens}: take out of {where} {', '.join(lines)}"


def _bus_port(facts: Facts) -> int:
    """Where the bus of our own server listens (cluster-port, 7.0; 10000 above the port before)."""
    return int(facts.my.setting("cluster-port") or 0) or facts.topology.port + 10000


def _guess(facts: Facts) -> str:
    """What stands in for a node time-out that no sidecar remembers."""
    name, value = fast_form.NODE_TIMEOUT, facts.topology.node_timeout
    return (
        f"{facts.me.name}: {name} was left at {facts.my.setting(name)}, a setting of forming, and"
        f" what it was before is not known: it becomes BOOTSTRAP_NODE_TIMEOUT={value}; where"
        " redis.conf says another, set the variable to that, and the server by CONFIG SET"
    )


def _announced(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Only settings that this server knows (it reads None for others), and only differences."""
    topology, my, name = facts.topology, facts.my, human_name(facts.topology)
    expired = leaving_mark.expired(my, facts.snapshot.timers.leaving, topology.handover_timeout)
    if my.setting(leaving_mark.NAME) == leaving_mark.mark(name) and not expired:
        name = leaving_mark.mark(name)  # the hand-over's business
    wanted = [
        ("cluster-announce-ip", topology.address),
        (leaving_mark.NAME, name),
        ("cluster-announce-hostname", facts.me.hostname),
        *((port, "0") for port in PORTS),
    ]
    if topology.zone and my.setting("availability-zone") == "":
        wanted.insert(0, ("availability-zone", topology.zone))
    return tuple(
        (name, value)
        for name, value in wanted
        if value is not None and my.setting(name) not in (None, value)
    )
