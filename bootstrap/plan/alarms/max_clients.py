"""A server that has as many clients as it takes: it serves these, and turns new ones away."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import unreachable
from bootstrap.plan.verdict import Alarm


def full(facts: Facts) -> list[Alarm]:
    """The pods whose servers take no more clients, by their own word."""
    return [_alarm(facts, pod, view) for pod, view in facts.viewed if _full(view)]


def pods(facts: Facts) -> list[str]:
    """Those pods, and those whose servers have turned us away for it."""
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
