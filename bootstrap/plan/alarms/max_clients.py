"""A server with as many clients as it takes: it serves these, and refuses new ones."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import unreachable
from bootstrap.plan.verdict import Alarm


def full(facts: Facts) -> list[Alarm]:
    """Return an alarm for each pod whose server takes no more clients, as its INFO says."""
    return [_alarm(facts, pod, view) for pod, view in facts.viewed if _full(view)]


def pods(facts: Facts) -> list[str]:
    """Return the names of these pods, and of those whose servers refused us for that reason."""
    return [
        pod.name
        for pod in facts.snapshot.pods
        if (pod.view is not None and _full(pod.view))
        or (isinstance(pod.node, Unreachable) and pod.node.trouble is Trouble.CROWDED)
    ]


def _full(view: View) -> bool:
    return 0 < view.clients_most <= view.clients


def _alarm(facts: Facts, pod: Pod, view: View) -> Alarm:
    why = (
        f"{pod.name} has {view.clients} connections of maxclients {view.clients_most}: clients that"
        " are connected are served, and every new one is turned away, replicas and sidecars too"
    )
    fix = unreachable.fix(facts, pod.name, Trouble.CROWDED)
    return Alarm(pod=pod.name, code=Code.MAX_CLIENTS, why=why, fix=fix)
