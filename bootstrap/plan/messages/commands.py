"""Commands for a person to type, with the namespace and the pod's name filled in."""

from __future__ import annotations

import dataclasses

from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology


def namespace(topology: Topology) -> str:
    """The option for our namespace, which follows the Service's name in every hostname."""
    _service, space, *_ = (*topology.subdomain.split("."), "", "")
    return f" -n {space}" if space else ""


def service(topology: Topology) -> str:
    """The headless Service's short name."""
    return topology.subdomain.partition(".")[0]


def user(topology: Topology) -> str:
    """The ACL user of the sidecars. A replica logs in to its primary as the same user."""
    return topology.username or "default"


def get(topology: Topology, what: str, *options: str) -> str:
    """`kubectl get`, in our namespace."""
    return " ".join([f"kubectl get {what}{namespace(topology)}", *options])


def volumes(topology: Topology) -> str:
    """Lists what may have older data: claims, snapshots, and volumes without a claim."""
    space = namespace(topology).removeprefix(" -n ")
    return f"{get(topology, 'pvc,volumesnapshot')}; kubectl get pv | grep '{space}/'"


def ask(topology: Topology, pod: str, *, prompts: bool = False) -> str:
    """What comes before a Redis command to a pod's server."""
    terminal = " -it" if prompts else ""
    return f"kubectl exec{terminal}{namespace(topology)} {pod} -c redis -- redis-cli"


def in_sidecar(topology: Topology, pod: str) -> str:
    """What comes before a command that runs in a pod's sidecar."""
    return f"kubectl exec{namespace(topology)} {pod} -c bootstrap --"


def logs(topology: Topology, pod: str, container: str) -> str:
    """Shows the last lines of a container's log."""
    return f"kubectl logs {pod}{namespace(topology)} -c {container} --tail=20"


def filled(todo: Todo, topology: Topology, pod: str, **more: str) -> Todo:
    """The Todo with all placeholders filled in.

    `{n}` is the option for the namespace, and `{set}` the StatefulSet. `{cli}` comes before a
    command to the pod's server, and `{sidecar}` before a command to its sidecar.
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
