"""Whether a hand-over has succeeded: the answer OK to CLUSTER FAILOVER proves nothing.

It has succeeded if another node says that it owns our slots, our node says that it follows that
node, and a majority of the primaries sees the new owner. Some of our slots may have moved to a
third node meanwhile.
"""

from __future__ import annotations

from bootstrap.model import leaving_mark, slots
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import Member, View
from bootstrap.plan.facts import Facts
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import Step


def confirm(facts: Facts, run: Run) -> Step | Ended | None:
    """Return the end, or what is still missing; None if no node says that it has taken over.

    To be asked once our node was a primary, and is a replica now or does not answer.
    """
    successor = _successor(facts, run)
    if successor is None:
        return None
    name, word = successor
    agree = [
        view.node_id
        for view in (pod.view for pod in facts.snapshot.pods)
        if view is not None and _took(view, word.node_id, run)
    ]
    if not majority(word, agree):
        return Step(actions=(), until=f"a majority of the primaries sees that {name} has our slots")
    owners = [one.node_id for one in word.members if one.slots]
    text = f"{name} has taken over slots {slots.brief(_taken(word.myself, run))}"
    text += f"; {len({*agree} & {*owners})} of {len(owners)} primaries see it"
    if facts.me.view is not None and facts.me.view.setting(leaving_mark.NAME) is None:
        text += "; servers before 7.2 show no mark: whether others hand over too was not seen"
    return Ended(result=Result.DONE, text=text)


def _successor(facts: Facts, run: Run) -> tuple[str, View] | None:
    """Return the node that says that it owns our slots, if our node says that it follows that node.

    A former primary may not answer, since it may have to load a whole copy. Then what the new owner
    says about our node is enough. It heard that from our node, at the next ping at the latest.
    """
    for pod in facts.snapshot.pods:
        if pod.view is None or not _took(pod.view, pod.view.node_id, run):
            continue
        ours = facts.me.view.myself if facts.me.view else pod.view.member(run.node_id)
        if ours is not None and (ours.primary_id == pod.view.node_id or _server_ended(facts, ours)):
            return pod.name, pod.view
    return None


def _server_ended(facts: Facts, ours: Member) -> bool:
    """Whether our server has ended and its slots have another owner, so it takes no more writes.

    A server that cannot write its nodes.conf ends when it hears of its successor.
    """
    said = facts.me.node
    return isinstance(said, Unreachable) and said.trouble is Trouble.REFUSED and not ours.slots


def _took(view: View, successor_id: str, run: Run) -> bool:
    """Whether a node owns some of our slots, and others the rest, by what this node says."""
    successor = view.member(successor_id)
    others = [one.slots for one in view.members if one.node_id != run.node_id]
    left = slots.without(run.slots, [span for ranges in others for span in ranges])
    return successor is not None and bool(_taken(successor, run)) and not left


def _taken(member: Member, run: Run) -> slots.Ranges:
    """Return those of our slots that a member owns."""
    return slots.without(run.slots, slots.missing(member.slots))


def majority(view: View, ids: list[str]) -> bool:
    """Whether these ids have more than half of the owners of slots in this view."""
    owners = {one.node_id for one in view.members if one.slots}
    return 2 * len(owners & {*ids}) > len(owners)
