"""Causes that other pods' sidecars report: each knows its own server, and since when."""

from __future__ import annotations

import dataclasses

from bootstrap.model.sidecar_report import SidecarReport
from bootstrap.model.snapshot import Pod, Snapshot, Trouble, Unreachable
from bootstrap.show.cause import Cause, Situation, Verdict


def to_act(situation: Situation) -> Cause | None:
    """Return the first ACT that a sidecar reports.

    In a dry run only our own pod's sidecar counts, in `status` the sidecars of all pods.
    """
    me = situation.facts.topology.name
    for one in sorted(situation.facts.snapshot.reports, key=lambda one: one.pod != me):
        if one.verdict == Verdict.ACT and (one.pod == me or situation.cluster is not None):
            return _said(one)
    return None


def behind(situation: Situation, found: Cause) -> Cause:
    """Return the cause behind a wait for a pod, as that pod's sidecar reports it.

    If that sidecar in turn waits for another pod, that pod's sidecar counts, and so on.
    """
    said = {one.pod: one for one in situation.facts.snapshot.reports}
    passed, pod, last = {situation.facts.topology.name}, found.pod, None
    while pod in said and pod not in passed:
        passed.add(pod)
        last = said[pod]
        pod = last.at_fault
    if last is None or not last.what or pod == situation.facts.topology.name:
        return found  # no sidecar reports, or the last pod waits for our own
    if last.verdict == Verdict.ACT:
        return _said(last)
    deeper = _said(last)
    # If the wait has lasted too long for our own pod, it is ACT, whatever the other reports.
    usual = 0.0 if found.verdict is Verdict.ACT else found.usual
    return dataclasses.replace(deeper, verdict=found.verdict, usual=usual)


def _said(one: SidecarReport) -> Cause:
    what = f"the sidecar of {one.pod} says ({one.age:.0f} s ago): {one.what}"
    return Cause(verdict=Verdict.ACT, code=one.code, pod=one.at_fault, what=what, fix=one.fix)


def explained(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with the start gate named as the reason why a server refuses."""
    held = {one.pod for one in snapshot.reports if one.held}
    return dataclasses.replace(
        snapshot, pods=tuple(_held(pod) if pod.name in held else pod for pod in snapshot.pods)
    )


def _held(pod: Pod) -> Pod:
    node = pod.node
    if not isinstance(node, Unreachable) or node.trouble is not Trouble.REFUSED:
        return pod
    reason = f"{node.reason}; its start gate holds it"
    return dataclasses.replace(pod, node=dataclasses.replace(node, reason=reason))
