"""Rule 1: our own node says its name and address. Its sidecar alone writes this.

The hostname is what proves to all others that the node behind an address is ours, so it is
written together with the placement: a sidecar that sees the one may rely on the other.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import fast_form, leaving_mark
from bootstrap.model.actions import Action, ConfigSet, ReloadCertificates, SetPeersPassword
from bootstrap.model.snapshot import Pod
from bootstrap.plan.facts import Scene, human_name
from bootstrap.plan.verdict import Step

#: Ports that a node gives as its own; 0, the default, are those at which it listens. Charts for
#: networks with translated ports set them. Here peers dial the pod's own address, and at any other
#: port no server listens.
PORTS: Final = (
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
)


def settings(scene: Scene) -> Step | None:
    """What our own node still has to be told; None when it knows."""
    actions: list[Action] = []
    # Before it says who it is: the seed hurries no node that has not.
    company = fast_form.company(scene.my, scene.topology.replicas_per_shard)
    if company:
        why = "a replica that comes back need not wait for others to share its copy"
        actions.append(ConfigSet(pod=scene.me.name, settings=company, why=why))
    wanted = _announced(scene)
    if wanted:
        why = f"peers must know its name and address{_left_behind(scene)}"
        actions.append(ConfigSet(pod=scene.me.name, settings=wanted, why=why))
    if scene.topology.with_password and not scene.my.peers_password_ok and not unproven(scene):
        actions.append(
            SetPeersPassword(pod=scene.me.name, why="a replica logs in to its primary with it")
        )
    path = scene.my.setting("tls-cert-file")
    if scene.my.certificate_old and path:
        why = "the files were replaced, and a server reads them only when it is told to"
        actions.append(ReloadCertificates(pod=scene.me.name, path=path, why=why))
    return Step(actions=tuple(actions), until="the node says so itself") if actions else None


def unproven(scene: Scene) -> bool:
    """Whether our replica dials an address where its primary has not proven to be.

    Replication asks for no node id. A replica that starts copies the node that answers where its
    primary was; only without the password it cannot.
    """
    my = scene.my
    if my.myself.is_replica and not my.link_up:
        pod = scene.pod_by_id.get(my.myself.primary_id or "")
        return pod is None or my.primary_host not in (pod.address, announced(pod))
    return False


def announced(pod: Pod) -> str | None:
    """The address that a pod's node gives as its own."""
    return pod.view.setting("cluster-announce-ip") if pod.view else None


def abandoned(scene: Scene) -> Step | None:
    """Temporary settings that were not taken back in time: each pod looks after its own node.

    A dip may last two seconds; the rest is the forming seed's for as long as forming takes.
    """
    my, memory, me = scene.my, scene.snapshot.memory, scene.me.name
    settings: fast_form.Settings = ()
    warning = ""
    if fast_form.dipped(my) and memory.own_dip >= fast_form.DIP_SECONDS:
        before = memory.node_timeout(me)
        settings += fast_form.undip(before or scene.topology.node_timeout)
        warning = "" if before else _guess(scene)
    if memory.marked >= fast_form.ABANDONED_SECONDS:
        settings += fast_form.calm(my)
    if not settings:
        return None
    action = ConfigSet(pod=me, settings=settings, why="a setting of forming was left behind")
    return Step(actions=(action,), until="the node has its own settings again", warning=warning)


def _left_behind(scene: Scene) -> str:
    """The lines of redis.conf that send peers to another port."""
    lines = [
        f"`{name} {value}`" for name in PORTS if (value := scene.my.setting(name) or "0") != "0"
    ]
    if not lines:
        return ""
    listens = f"{scene.topology.port} and, for the bus, {_bus_port(scene)}"
    where = "redis.conf, or of the server's arguments,"
    return f"; it listens at {listens}: take out of {where} {', '.join(lines)}"


def _bus_port(scene: Scene) -> int:
    """Where the bus of our own server listens (cluster-port, 7.0; 10000 above the port before)."""
    return int(scene.my.setting("cluster-port") or 0) or scene.topology.port + 10000


def _guess(scene: Scene) -> str:
    """What stands in for a node time-out that no sidecar remembers."""
    name, value = fast_form.NODE_TIMEOUT, scene.topology.node_timeout
    return (
        f"{scene.me.name}: {name} was left at {scene.my.setting(name)}, a setting of forming, and"
        f" what it was before is not known: it becomes BOOTSTRAP_NODE_TIMEOUT={value}; where"
        " redis.conf says another, set the variable to that, and the server by CONFIG SET"
    )


def _announced(scene: Scene) -> tuple[tuple[str, str], ...]:
    """Only settings that this server knows (it reads None for others), and only differences."""
    topology, my, name = scene.topology, scene.my, human_name(scene.topology)
    expired = leaving_mark.expired(my, scene.snapshot.memory.leaving, topology.handover_timeout)
    if my.setting(leaving_mark.NAME) == leaving_mark.mark(name) and not expired:
        name = leaving_mark.mark(name)  # the hand-over's business
    wanted = [
        ("cluster-announce-ip", topology.address),
        (leaving_mark.NAME, name),
        ("cluster-announce-hostname", scene.me.hostname),
        *((port, "0") for port in PORTS),
    ]
    if topology.zone and my.setting("availability-zone") == "":
        wanted.insert(0, ("availability-zone", topology.zone))
    return tuple(
        (name, value)
        for name, value in wanted
        if value is not None and my.setting(name) not in (None, value)
    )
