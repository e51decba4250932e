"""The command that states a wish. It is for a person: no sidecar may write to Kubernetes."""

from __future__ import annotations

from pathlib import PurePosixPath

from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.messages import commands


def todo(topology: Topology, shards: int) -> tuple[Todo, ...]:
    """Return how to state the wish: one way, or both ways if none is in use yet."""
    if topology.wish_file:
        return _file(topology, shards)
    variable = Todo(
        what="state the wish by the variable; the pods roll once",
        command=f"kubectl set env{commands.namespace(topology)} statefulset/{topology.statefulset}"
        f" -c bootstrap BOOTSTRAP_SHARDS={shards}",
        expect="if a kustomization or a chart makes the StatefulSet, set it there too",
    )
    if topology.wish is not None:
        return (variable,)
    mounted = Todo(
        what="or, without a roll at each change: mount a ConfigMap that holds the number into the"
        " container bootstrap, and name its file in BOOTSTRAP_SHARDS_FILE (docs/operations.md, More"
        " shards)"
    )
    return (variable, mounted)


def _file(topology: Topology, shards: int) -> tuple[Todo, ...]:
    """Return how to change the file. A pod cannot know which ConfigMap its volume is made of."""
    key, space = PurePosixPath(topology.wish_file).name, commands.namespace(topology)
    which = Todo(
        what=f"which ConfigMap is mounted as {topology.wish_file} in the container bootstrap?",
        command=f"kubectl get statefulset{space} {topology.statefulset} -o"
        ' jsonpath=\'{range .spec.template.spec.volumes[*]}{.name}{" "}{.configMap.name}{"\\n"}'
        "{end}'",
        expect="a line for each volume, and the name of its ConfigMap, if it has one",
    )
    patch = Todo(
        what=f"state the wish in its key {key}, with the ConfigMap's name for CONFIGMAP (in the"
        " base: redis-shards); the file follows within about two minutes, and no pod restarts",
        command=f"kubectl patch configmap{space} CONFIGMAP --type merge"
        f' -p \'{{"data":{{"{key}":"{shards}"}}}}\'',
        expect="if a kustomization or a chart makes the ConfigMap, change it there too",
    )
    return (which, patch)
