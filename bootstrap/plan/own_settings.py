"""The settings of our own node, which only its own sidecar writes.

The announced hostname proves to all other sidecars which pod the node at an address belongs to. It
is written together with the placement (Kubernetes node and zone), so that a sidecar that sees the
hostname can rely on the placement too.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import fast_form, human_name, leaving_mark
from bootstrap.model.actions import Action, ConfigSet, ReloadCertificates, SetPeersPassword
from bootstrap.model.snapshot import Pod
from bootstrap.plan import last_copy
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Step

PORTS: Final = (
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
)
"""Settings for the ports that a node announces; all are set to 0, the default.

With 0 a node announces the ports at which it listens. Charts for networks with translated ports set
others. Here peers dial the pod's own address, and no server listens there at another port.
"""


def settings(facts: Facts) -> Step | None:
    """The settings that our own node still lacks; None if it has them all."""
    actions: list[Action] = []
    # This comes before the hostname: the seed sets nothing temporary on a node without one.
    replica_count = fast_form.replica_count(facts.my, facts.topology.replicas_per_shard)
    if replica_count:
        why = "a replica that comes back need not wait for others to share its copy"
        actions.append(ConfigSet(pod=facts.me.name, settings=replica_count, why=why))
    wanted = _announced(facts)
    if wanted:
        why = f"peers must know its name and address{_left_behind(facts)}"
        actions.append(ConfigSet(pod=facts.me.name, settings=wanted, why=why))
    locked = facts.topology.with_password and not facts.my.peers_password_ok
    if locked and not unproven(facts):
        actions.append(
            SetPeersPassword(pod=facts.me.name, why="a replica logs in to its primary with it")
        )
    path = facts.my.setting("tls-cert-file")
    if facts.my.certificate_old and path:
        why = "the files were replaced, and a server reads them only when it is told to"
        actions.append(ReloadCertificates(pod=facts.me.name, path=path, why=why))
    return Step(actions=tuple(actions), until="the node says so itself") if actions else None


def unproven(facts: Facts) -> bool:
    """Whether our replica could copy from a node that is not proven to be its primary, with data.

    Replication asks for no node id: a replica that starts copies whatever node answers at the old
    address of its primary. So our node gets no password for its peers until its primary is proven
    to be there, and has not lost what our node still holds. Without the password it cannot copy.
    """
    my = facts.my
    if my.myself.is_replica and not my.link_up:
        pod = facts.pod_by_id.get(my.myself.primary_id or "")
        if pod is None or pod.view is None or my.primary_host not in (pod.address, announced(pod)):
            return True
        return last_copy.at_stake(facts, pod.view)
    return False


def locked_out(facts: Facts) -> bool:
    """Whether our replica lacks the password for its primary, since that is not proven."""
    return facts.topology.with_password and not facts.my.peers_password_ok and unproven(facts)


def announced(pod: Pod) -> str | None:
    """The address that a pod's node announces; None if it announces none or was not read."""
    return pod.view.setting("cluster-announce-ip") if pod.view else None


def abandoned(facts: Facts) -> Step | None:
    """The step that puts back temporary settings of forming that were left behind; None if none.

    Each pod does this for its own node. A lowered node time-out may last two seconds. The other
    settings may last as long as the seed takes to form.
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
    """Names the lines of redis.conf that send peers to another port; empty if there are none."""
    lines = [
        f"`{name} {value}`" for name in PORTS if (value := facts.my.setting(name) or "0") != "0"
    ]
    if not lines:
        return ""
    listens = f"{facts.topology.port} and, for the bus, {_bus_port(facts)}"
    where = "redis.conf, or of the server's arguments,"
    return f"; it listens at {listens}: take out of {where} {', '.join(lines)}"


def _bus_port(facts: Facts) -> int:
    """The bus port of our own server: cluster-port since 7.0; before, the client port + 10000."""
    return int(facts.my.setting("cluster-port") or 0) or facts.topology.port + 10000


def _guess(facts: Facts) -> str:
    """A warning that BOOTSTRAP_NODE_TIMEOUT replaces a node time-out that no sidecar remembers."""
    name, value = fast_form.NODE_TIMEOUT, facts.topology.node_timeout
    return (
        f"{facts.me.name}: {name} was left at {facts.my.setting(name)}, a setting of forming, and"
        f" what it was before is not known: it becomes BOOTSTRAP_NODE_TIMEOUT={value}; where"
        " redis.conf says another, set the variable to that, and the server by CONFIG SET"
    )


def _announced(facts: Facts) -> tuple[tuple[str, str], ...]:
    """The announced settings that differ from what they should be.

    A setting that this server does not know reads None, and is left out.
    """
    topology, my, name = facts.topology, facts.my, facts.human_name
    expired = leaving_mark.expired(my, facts.snapshot.timers.leaving, topology.handover_timeout)
    own = facts.named(human_name.wish_of(my))
    if my.setting(leaving_mark.NAME) == leaving_mark.mark(own) and not expired:
        name = leaving_mark.mark(name)  # the hand-over takes this mark back, unless it is too old
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
