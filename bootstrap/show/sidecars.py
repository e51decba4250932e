"""Causes in the words of the pods' own sidecars: each has seen its own server, and for how long."""

from __future__ import annotations

import dataclasses

from bootstrap.model.sidecar_report import Heard
from bootstrap.model.snapshot import Pod, Snapshot, Trouble, Unreachable
from bootstrap.show.cause import Cause, Situation, Verdict


def to_act(situation: Situation) -> Cause | None:
    """What a person has to do by the word of a sidecar.

    In a dry run that of our own pod counts, and in `status` those of all.
    """
    me = situation.facts.topology.name
    for one in sorted(situation.facts.snapshot.heard, key=lambda one: one.pod != me):
        if one.verdict == Verdict.ACT and (one.pod == me or situation.cluster is not None):
            return _said(one)
    return None


def behind(situation: Situation, found: Cause) -> Cause:
    """Why a pod lacks what we wait for: what its own sidecar says, or that of whom it waits for."""
    said = {one.pod: one for one in situation.facts.snapshot.heard}
    passed, pod, last = {situation.facts.topology.name}, found.pod, None
    while pod in said and pod not in passed:
        passed.add(pod)
        last = said[pod]
        pod = last.at_fault
    if last is None or not last.what or pod == situation.facts.topology.name:
        return found  # no sidecar tells, or that pod waits for us in turn
    if last.verdict == Verdict.ACT:
        return _said(last)
    deeper = _said(last)
    # It lasts too long for a wait by what we see, whatever that one makes of it.
    usual = 0.0 if found.verdict is Verdict.ACT else found.usual
    return dataclasses.replace(deeper, verdict=found.verdict, usual=usual)


def _said(one: Heard) -> Cause:
    what = f"the sidecar of {one.pod} says ({one.age:.0f} s ago): {one.what}"
    return Cause(verdict=Verdict.ACT, code=one.code, pod=one.at_fault, what=what, fix=one.fix)


def explained(snapshot: Snapshot) -> Snapshot:
    """The same, where the reason why a server refuses connections names its start gate."""
    held = {one.pod for one in snapshot.heard if one.held}
    return dataclasses.replace(
        snapshot, pods=tuple(_held(pod) if pod.name in held else pod for pod in snapshot.pods)
    )


def _held(pod: Pod) -> Pod:
    node = pod.node
    if not isinstance(node, Unreachable) or node.trouble is not Trouble.REFUSED:
        return pod
    reason = f"{node.reason}; its start gate holds it"
    return dataclasses.replace(pod, node=dataclasses.replace(node, reason=reason))
