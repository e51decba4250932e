"""Conditions that are timed, since rules ask how long they have held.

`observe.timers` asks at each look whether each condition holds, and keeps the time. A restart of
the sidecar forgets the time. That can only delay a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bootstrap.model import bus, fast_form, leaving_mark
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Volume
from bootstrap.model.topology import Topology
from bootstrap.model.view import View


def roleless(my: View) -> bool:
    """Whether a node has no role: no slots, no primary, and no keys."""
    return not (my.myself.is_replica or my.myself.slots or my.keys)


def _blank(my: View) -> bool:
    return roleless(my) and my.alone


def _met(my: View) -> bool:
    return roleless(my) and not my.alone


def _unwell(my: View) -> bool:
    """Whether some node has failed, or has no link, in our own node's view."""
    return any(not bus.connected(my, one) for one in my.others if not one.handshake)


def _unnamed(my: View) -> bool:
    """Whether our own node has a link to a node without a name, where nodes have names."""
    named = my.setting("cluster-announce-hostname") is not None
    return named and any(
        one.bus_connected and not (one.hostname or one.handshake or one.failed) for one in my.others
    )


OWN: Final[Mapping[str, Callable[[View], bool]]] = {
    # `own_settings` puts a temporary setting of forming back if it lasts too long.
    "marked": fast_form.marked,
    "own_dip": fast_form.has_low_node_timeout,
    # `seed_patience` and `follow` wait for the seed. The two are timed apart: a node that was blank
    # for long and was met just now is about to get its role.
    "blank": _blank,
    "met": _met,
    # `heal` looks at all pods if it lasts.
    "unwell": _unwell,
    # `alarms.unnamed_node`: gossip brings a node before its name.
    "unnamed": _unnamed,
    # `own_settings` takes the mark of a hand-over off if it lasts too long.
    "leaving": leaving_mark.marked,
}
"""Conditions of our own node, by its view. If it does not answer, none holds."""


def _unlinked(pod: Pod, _topology: Topology) -> bool:
    """Whether the pod's replica has no link to its primary."""
    view = pod.view
    return view is not None and view.myself.is_replica and not view.link_up


def _foreign(pod: Pod, topology: Topology) -> bool:
    """Whether a foreign node answers at the pod's name."""
    if pod.view is None:
        return False
    return prove(pod.view, pod.hostname, pod.address, topology) is Proof.FOREIGN


DENIED_BREAK: Final = 15.0
"""Seconds after which DNS must have denied a pod's name again, for the time to go on: a pod that
restarts is absent for a while too, and looks at all pods may be far apart."""


def denied(pod: Pod) -> bool:
    """Whether DNS says that the pod's own name does not exist, and nothing was found in its place.

    A failure of DNS, silence, and a list without the pod say nothing of the kind.
    """
    return pod.node is None and pod.resolved.state == "absent" and pod.resolved.denied


PODS: Final[Mapping[str, Callable[[Pod, Topology], bool]]] = {
    # `steady` and `alarms.replication_refused`: a link that stays down has a cause.
    "unlinked": _unlinked,
    # `conflicts`: at first a foreign node is taken for an old DNS answer.
    "strange": _foreign,
}
"""Conditions of each pod that was looked at."""


def kept_down(volume: Volume, topology: Topology) -> bool:
    """Whether a volume is a reason to keep our own server down (`start_gate`)."""
    adopted = bool(topology.adopted) and bool(volume.members)
    return volume.emptied or not volume.file or adopted
