"""Whether a node has its links on the cluster bus, as the node itself reports them.

Gossip is slow: a node says `cluster_state:ok` for cluster-node-timeout and longer while it hears
none of the others. `CLUSTER LINKS` (redis 7.0) is correct within a second, in both directions: a
node that the others have forgotten has links to them, and none of them has a link to that node.
Older servers show only whether their pings are answered.
"""

from __future__ import annotations

from bootstrap.model.view import Member, View


def connected(my: View, member: Member) -> bool:
    """Whether our node and another node have links to each other, as far as our node can tell."""
    node_id = member.node_id
    return (
        member.bus_connected
        and not member.failed
        and node_id not in my.unanswered
        and (my.reaches is None or node_id in my.reaches)
        and (my.reached_by is None or node_id in my.reached_by)
    )


def linked(my: View, node_id: str) -> bool:
    """Whether our node knows a node and is connected with it."""
    member = my.member(node_id)
    return member is not None and connected(my, member)


def owners(my: View) -> tuple[list[Member], list[Member]]:
    """Return all owners of slots, and those that our node is connected with; itself is in both."""
    found = [member for member in my.members if member.slots]
    return found, [one for one in found if one.node_id == my.node_id or connected(my, one)]


def cut_off(my: View) -> bool:
    """Whether our node is not connected with most owners of slots, whose votes are needed."""
    found, linked = owners(my)
    return bool(found) and 2 * len(linked) <= len(found)


def unknown(my: View) -> bool:
    """Whether our node has links to owners of slots, but none of them to ours: it is forgotten."""
    others = {one.node_id for one in owners(my)[0]} - {my.node_id}
    if my.reaches is None or my.reached_by is None:
        return False
    return bool(others & my.reaches) and not others & my.reached_by


def told(my: View) -> str:
    """Say which links are missing."""
    found, linked = owners(my)
    if unknown(my):
        return (
            "no other owner of slots has a link to it on the cluster bus: they do not know its"
            " node, or its bus port takes no connections"
        )
    return (
        f"it has links on the cluster bus with {len(linked)} of {len(found)} owners of slots,"
        " itself among them, and needs most of them"
    )
