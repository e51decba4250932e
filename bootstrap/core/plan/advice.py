"""What is missing, in words: for whom, for what, and the command that shows it."""

from __future__ import annotations

from bootstrap.core.model import Pod, Topology, Trouble, Unreachable
from bootstrap.core.plan.outcome import Block, Wait

_FIX = {
    Trouble.REFUSED: "see why the redis container is not listening: kubectl logs {pod} -c redis",
    Trouble.TIMEOUT: "the address takes packets but nobody answers: look for a hung server or a"
    " NetworkPolicy: kubectl get networkpolicy",
    Trouble.LOADING: "it has data and is reading it; wait, or see INFO persistence",
    Trouble.PASSWORD: "set BOOTSTRAP_REDIS_PASSWORD or BOOTSTRAP_REDIS_PASSWORD_FILE to the"
    " password that this server has (requirepass or ACL)",
    Trouble.PERMISSION: "grant the missing command to the user of BOOTSTRAP_REDIS_USERNAME",
    Trouble.TLS: "compare BOOTSTRAP_TLS* with the server's tls-* settings and its certificate",
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
    return Wait(
        pod=pod.name,
        what=f"the name {pod.hostname} to resolve; {_said(pod)}",
        fix=_names_fix(pod, topology),
    )


def hopeless(pod: Pod, topology: Topology) -> Block | None:
    """A node that can never take part as it is; None when there is hope."""
    if not isinstance(pod.node, Unreachable) or pod.node.trouble not in _HOPELESS:
        return None
    return Block(
        code=pod.node.trouble.value,
        why=f"{pod.name} at {pod.address}:{topology.port}: {pod.node.reason}",
        fix=_FIX[pod.node.trouble].format(pod=pod.name),
    )


def _said(pod: Pod) -> str:
    match pod.resolved.state:
        case "absent":
            return f"it does not exist: {pod.resolved.reason}"
        case "found":
            return f"it resolves to {', '.join(pod.resolved.addresses)}, not asked yet"
        case _:
            return f"DNS is unclear: {pod.resolved.reason or 'not asked yet'}"


def _names_fix(pod: Pod, topology: Topology) -> str:
    """The three settings that keep names from existing, each with the command that shows it."""
    service, namespace, *_ = (*topology.subdomain.split("."), "", "")
    if pod.resolved.state != "absent":
        return (
            "see whether the cluster's DNS works, and what BOOTSTRAP_NAMESERVERS or"
            " /etc/resolv.conf names: kubectl get pods -n kube-system -l k8s-app=kube-dns"
        )
    space = f"-n {namespace} " if namespace else ""
    return (
        f"is the pod there: kubectl get pod {space}{pod.name} -o wide; "
        f"is publishNotReadyAddresses true: kubectl get service {space}{service}"
        " -o jsonpath={.spec.publishNotReadyAddresses}; "
        f"is podManagementPolicy Parallel, and serviceName {service}: kubectl get statefulset"
        f" {space}{topology.statefulset}"
        " -o jsonpath={.spec.podManagementPolicy},{.spec.serviceName}"
    )
