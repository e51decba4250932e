"""Commands for a person to type, complete: with the namespace, and the pod's real name."""

from __future__ import annotations

import dataclasses

from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology


def namespace(topology: Topology) -> str:
    """The option that names ours, which stands second after the service in every hostname."""
    _service, space, *_ = (*topology.subdomain.split("."), "", "")
    return f" -n {space}" if space else ""


def service(topology: Topology) -> str:
    """The headless Service's short name."""
    return topology.subdomain.partition(".")[0]


def user(topology: Topology) -> str:
    """The user of the servers' ACL as which the sidecars log in, and a replica to its primary."""
    return topology.username or "default"


def get(topology: Topology, what: str, *options: str) -> str:
    """`kubectl get`, in our namespace."""
    return " ".join([f"kubectl get {what}{namespace(topology)}", *options])


def volumes(topology: Topology) -> str:
    """What there may be with older data: claims, snapshots, and volumes whose claims are gone."""
    space = namespace(topology).removeprefix(" -n ")
    return f"{get(topology, 'pvc,volumesnapshot')}; kubectl get pv | grep '{space}/'"


def ask(topology: Topology, pod: str, *, prompts: bool = False) -> str:
    """What a person types before the words of a Redis command to a pod's server."""
    terminal = " -it" if prompts else ""
    return f"kubectl exec{terminal}{namespace(topology)} {pod} -c redis -- redis-cli"


def in_sidecar(topology: Topology, pod: str) -> str:
    """What a person types before a command that runs in a pod's sidecar."""
    return f"kubectl exec{namespace(topology)} {pod} -c bootstrap --"


def logs(topology: Topology, pod: str, container: str) -> str:
    """The last lines of a container's log."""
    return f"kubectl logs {pod}{namespace(topology)} -c {container} --tail=20"


def filled(todo: Todo, topology: Topology, pod: str, **more: str) -> Todo:
    """A thing to do with `{pod}`, `{n}` for the namespace's option, `{user}` and more filled in.

    `{cli}` is what comes before a command to the pod's server, `{sidecar}` to its sidecar; `{set}`
    is the StatefulSet.
    """

    def fill(text: str) -> str:
        text = text.replace("{cli}", ask(topology, pod))
        text = text.replace("{sidecar}", in_sidecar(topology, pod))
        text = text.replace("{n}", namespace(topology)).replace("{pod}", pod)
        text = text.replace("{as_user}", f" --user {topology.username}" * bool(topology.username))
        text = text.replace("{set}", topology.statefulset)
        text = text.replace("{user}", user(topology)).replace("{me}", topology.name)
        for name, value in more.items():
            text = text.replace(f"{{{name}}}", value)
        return text.replace("{port}", str(topology.port))

    return dataclasses.replace(
        todo, what=fill(todo.what), command=fill(todo.command), expect=fill(todo.expect)
    )
