"""What is missing, in words: for whom, for what, and the command that shows it."""

from __future__ import annotations

from bootstrap.core import rights, slots
from bootstrap.core.model import Pod, Trouble, Unreachable
from bootstrap.core.plan.outcome import Block, Wait
from bootstrap.core.plan.scene import Scene
from bootstrap.core.proof import Proof
from bootstrap.core.topology import Topology

_FIX = {
    Trouble.REFUSED: "see why the redis container is not listening: kubectl logs {pod} -c redis",
    Trouble.TIMEOUT: "the address takes packets but nobody answers: look for a hung server or a"
    " NetworkPolicy: kubectl get networkpolicy",
    Trouble.LOADING: "it has data and is reading it: wait, or see how far it is:"
    " kubectl exec {pod} -c redis -- redis-cli INFO persistence",
    Trouble.PASSWORD: "let BOOTSTRAP_REDIS_PASSWORD, or BOOTSTRAP_REDIS_PASSWORD_FILE, and"
    " requirepass of {pod}'s server (or the ACL of BOOTSTRAP_REDIS_USERNAME) be the same",
    Trouble.PERMISSION: "grant the user of BOOTSTRAP_REDIS_USERNAME what it lacks; all that it"
    f" needs: ACL SETUSER USER {rights.rule()}",
    Trouble.TLS: "compare BOOTSTRAP_TLS* with the server's tls-* settings and its certificate",
    Trouble.TLS_EXPIRED: "renew the certificate of {pod}; where that is done, its Redis still has"
    " to read it: redis-cli CONFIG SET tls-cert-file PATH, to the path that it has",
    Trouble.TLS_NAME: "let {pod}'s certificate have its full name, or one with * in place of the"
    " pod's, as subjectAltName; is that its address: kubectl get pod {pod} -o wide",
    Trouble.TLS_UNTRUSTED: "let BOOTSTRAP_TLS_CA_FILE hold the authority of {pod}'s certificate;"
    " while one authority takes another's place, both",
    Trouble.TLS_OURS: "let BOOTSTRAP_TLS_CERT_FILE and BOOTSTRAP_TLS_KEY_FILE be a valid"
    " certificate from an authority in tls-ca-cert-file of {pod}'s server",
    Trouble.NOT_CLUSTER: "set `cluster-enabled yes` in redis.conf and restart the server",
    Trouble.UNSUPPORTED: "use redis 6.2 or later, or any valkey",
    Trouble.NOT_REDIS: "something else listens there: compare BOOTSTRAP_REDIS_PORT with the"
    " server's port",
}

#: Troubles that time does not mend: the node answered, and what it said rules it out.
_HOPELESS = frozenset({Trouble.NOT_CLUSTER, Trouble.UNSUPPORTED})


def missing(pod: Pod, topology: Topology) -> Wait | None:
    """What a pod lacks before it can be viewed; None when its view is there."""
    if pod.view is not None:
        return None
    if isinstance(pod.node, Unreachable):
        return Wait(
            pod=pod.name,
            what=f"Redis at {pod.address}:{topology.port} to answer; {pod.node.reason}",
            fix=_FIX[pod.node.trouble].format(pod=pod.name),
        )
    if pod.resolved.reason.startswith("not asked"):
        return Wait(pod=pod.name, what=f"a first answer of DNS about {pod.hostname}")
    return Wait(
        pod=pod.name,
        what=f"the name {pod.hostname} to resolve; {_said(pod, topology)}",
        fix=_names_fix(pod, topology),
    )


def not_let_in(pod: str) -> str:
    """For a replica that may be turned away by its primary: only its own server is told why."""
    return (
        f"if it lasts, see what the primary says: kubectl logs {pod} -c redis; servers log in to"
        " one another as the user of BOOTSTRAP_REDIS_USERNAME, who needs for it: ACL SETUSER USER "
        + " ".join(rights.FOLLOW)
    )


def ask(topology: Topology, pod: str) -> str:
    """What a person types before the words of a Redis command to a pod's server."""
    return f"kubectl exec{space(topology)} {pod} -c redis -- redis-cli"


def ask_all(scene: Scene, command: str) -> str:
    """One line that gives a Redis command to every pod that is known, one after the other."""
    topology = scene.topology
    ordinals = {pod.ordinal for pod in scene.snapshot.pods}
    known = (topology.ordinal_of(member.hostname) for member in scene.my.members)
    ordinals |= {ordinal for ordinal in known if ordinal is not None}
    pods = f"{topology.statefulset}-$i"
    span = f"$(seq {min(ordinals)} {max(ordinals)})"
    return f"for i in {span}; do {ask(topology, pods)} {command}; done"


def forget_all(scene: Scene, ids: list[str]) -> str:
    """One line that lets every pod that is known forget these nodes, one node after the other."""
    if len(ids) == 1:
        return ask_all(scene, f"CLUSTER FORGET {ids[0]}")
    return f"for id in {' '.join(ids)}; do {ask_all(scene, 'CLUSTER FORGET $id')}; done"


def empty(topology: Topology, pod: str) -> str:
    """One line that gives a pod an empty volume, whatever its claim is called."""
    where = space(topology)
    claim = "{.spec.volumes[*].persistentVolumeClaim.claimName}"
    return (
        f"kubectl delete pvc{where} --wait=false $(kubectl get pod{where} {pod}"
        f" -o jsonpath='{claim}') && kubectl delete pod{where} {pod}"
    )


def only_copy(scene: Scene, pod: str) -> str:
    """For slots whose primary is gone, and whose replica is refused the election."""
    return (
        "let it come back; if it cannot, and its replica's copy is all there is, give that pod the"
        f" slots: {promote(scene, pod)}"
    )


def promote(scene: Scene, pod: str) -> str:
    """What makes a replica the primary, also when its own is gone: by vote, if there can be one."""
    owners = [member for member in scene.my.members if member.slots]
    lost = [member for member in owners if member.failed]
    command = f"{ask(scene.topology, pod)} CLUSTER FAILOVER"
    if 2 * len(lost) < len(owners):
        return f"{command} FORCE"
    return f"{command} TAKEOVER (too many primaries are gone for an election)"


def keep_data(topology: Topology, replica: Pod | None) -> str:
    """For a primary that lost its data, of which this pod may hold a copy."""
    if replica is not None and replica.node is None and replica.resolved.state == "absent":
        keep = (
            f"let {replica.name} come back, which may hold the data; where podManagementPolicy is"
            " OrderedReady that is only made after this pod: make the set Parallel"
            " (docs/migration.md)"
        )
    else:
        keep = (
            "to keep the data promote a replica:"
            f" {ask(topology, replica.name if replica else 'REPLICA')} CLUSTER FAILOVER FORCE, or"
            " TAKEOVER where most primaries are down"
        )
    return f"{keep}; if the data may go, or there was none: BOOTSTRAP_GATE_ON_TIMEOUT=open"


def space(topology: Topology) -> str:
    """The option that names ours, which stands second after the service in every hostname."""
    _service, namespace, *_ = (*topology.subdomain.split("."), "", "")
    return f" -n {namespace}" if namespace else ""


def unproven(scene: Scene, pod: Pod) -> Wait:
    """A node that answered at a pod's address, and has not said that it is this pod's."""
    if scene.proof(pod) in (Proof.SIBLING, Proof.STRANGER) and pod.view is not None:
        said = pod.view.setting("cluster-announce-hostname")
        return Wait(
            pod=pod.name,
            what=f"its own address: {pod.address} is where {said} answers, a stale DNS answer",
            fix=f"compare: kubectl get pod {pod.name} -o wide",
        )
    mark = f"cluster-announce-hostname {pod.hostname}"
    if pod.view is not None and pod.view.setting("cluster-announce-hostname") is None:
        mark = f"cluster-announce-ip {pod.address}"
        other = scene.shared(pod)
        if other is not None:
            return Wait(
                pod=pod.name,
                what=f"its own address: {pod.address} is where {other}'s name leads too",
                fix=f"compare: kubectl get pod {pod.name} {other} -o wide",
            )
    return Wait(
        pod=pod.name,
        what=f"its own sidecar to write {mark} into the node at {pod.address}, which says none"
        f"{_busy(pod)}",
        fix=f"see whether its sidecar runs: kubectl logs {pod.name} -c bootstrap; is that its"
        f" address, or somebody else's: kubectl get pod {pod.name} -o wide",
    )


def _busy(pod: Pod) -> str:
    """What speaks for a node of somebody else's."""
    if pod.view is None or pod.view.blank:
        return ""
    seen = [f"{pod.view.keys} keys"] if pod.view.keys else []
    seen += [f"slots {slots.brief(pod.view.myself.slots)}"] if pod.view.myself.slots else []
    seen += [f"{len(pod.view.others)} other nodes"] if pod.view.others else []
    return f" and has {', '.join(seen)}" if seen else ""


def hopeless(pod: Pod, topology: Topology) -> Block | None:
    """A node that can never take part as it is; None when there is hope."""
    if not isinstance(pod.node, Unreachable) or pod.node.trouble not in _HOPELESS:
        return None
    return Block(
        code=pod.node.trouble.value,
        why=f"{pod.name} at {pod.address}:{topology.port}: {pod.node.reason}",
        fix=_FIX[pod.node.trouble].format(pod=pod.name),
    )


def _said(pod: Pod, topology: Topology) -> str:
    match pod.resolved.state:
        case "absent" if _family_missing(pod):
            return f"it has no {_family(topology.address)}address: {pod.resolved.reason}"
        case "absent":
            return f"it does not exist: {pod.resolved.reason}"
        case "found":
            return f"it resolves to {', '.join(pod.resolved.addresses)}, not asked yet"
        case _:
            return f"DNS is unclear: {pod.resolved.reason}"


def _family(ours: str | None) -> str:
    """The family that POD_IP makes us ask for; without POD_IP both are asked for."""
    return "" if ours is None else "IPv6 " if ":" in ours else "IPv4 "


def _family_missing(pod: Pod) -> bool:
    """Whether the name exists, and only has addresses that we do not ask for."""
    return pod.resolved.reason.startswith(("no data", "only addresses of the other family"))


def _names_fix(pod: Pod, topology: Topology) -> str:
    """The three settings that keep names from existing, each with the command that shows it."""
    service, namespace, *_ = (*topology.subdomain.split("."), "", "")
    if pod.resolved.state != "absent":
        return (
            "see whether the cluster's DNS works, and what BOOTSTRAP_NAMESERVERS or"
            " /etc/resolv.conf names: kubectl get pods -n kube-system -l k8s-app=kube-dns"
        )
    space = f"-n {namespace} " if namespace else ""
    if _family_missing(pod):
        return (
            f"is the Service of POD_IP's family: kubectl get service {space}{service}"
            " -o jsonpath={.spec.ipFamilies}; which addresses has the pod: kubectl get pod"
            f" {space}{pod.name} -o jsonpath={{.status.podIPs}}"
        )
    return (
        f"are the pods there: kubectl get pods {space}-o wide; "
        f"is publishNotReadyAddresses true: kubectl get service {space}{service}"
        " -o jsonpath={.spec.publishNotReadyAddresses}; "
        f"is podManagementPolicy Parallel, and serviceName {service}: kubectl get statefulset"
        f" {space}{topology.statefulset}"
        " -o jsonpath={.spec.podManagementPolicy},{.spec.serviceName}"
    )
