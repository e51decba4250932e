"""Why slots do not move until a person acts."""

from __future__ import annotations

from collections.abc import Sequence

from bootstrap.model import acl, slots
from bootstrap.model.migration import Migration, Way
from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.reshard.standing import Standing
from bootstrap.plan.verdict import Block


def unsupported(facts: Facts, found: Standing) -> Block:
    """Refuse where the servers do not move slots by themselves, all in one way."""
    versions = sorted(
        {f"{view.product} {'.'.join(map(str, view.version))}" for _, view in facts.viewed}
    )
    moves = [
        f"{slots.many(slots.count(one.ranges), 'slot')} from"
        f" {facts.pod_name(one.source_id)} to"
        f" {facts.pod_name(one.target_id)}"
        for one in found.transfers
    ]
    there = slots.many(len(found.owners), "shard")
    so = f"so {slots.few(moves)} have to move" if moves else f"and there are {there}"
    keep = Todo(
        what=f"wish for the {there} that there are, or for `hold`; or upgrade the servers to valkey"
        " 9.0, redis 8.4, or later ones"
    )
    hand = [
        Todo(
            what="or move the slots by hand; this moves the first of them",
            command=f"{commands.ask(facts.topology, facts.me.name)} --cluster reshard"
            f" {facts.me.address}:{facts.topology.port} --cluster-from {one.source_id} --cluster-to"
            f" {one.target_id} --cluster-slots {slots.count(one.ranges)} --cluster-yes",
            expect="a line for each slot; clients are served meanwhile",
        )
        for one in found.transfers[:1]
    ]
    return Block(
        code=Code.MOVE_UNSUPPORTED,
        why=f"{slots.many(found.wish, 'shard')} are wished, {so}; the servers"
        f" ({', '.join(versions)}) do not move slots by themselves, or not in one way (valkey from"
        " 9.0, redis from 8.4), and the sidecars do not move them key by key yet",
        fix=(keep, *hand),
        serves=True,
    )


def fails(facts: Facts, giver: str, taker: str, failed: Sequence[Migration]) -> Block:
    """Refuse to try again at once what failed again and again."""
    logs = tuple(
        Todo(
            what=f"what does the server of {pod} say?",
            command=f"kubectl logs{commands.namespace(facts.topology)} {pod} -c redis --since=15m",
            expect="a line for each failure, with its reason",
        )
        for pod in (giver, taker)
    )
    user = facts.topology.username
    if user and facts.my.way is Way.PUSH:
        right = Todo(
            what=f"the server of {giver} logs in at {taker} as {user}, and needs rights there for"
            " moving slots. Which command was refused? Ask as a user that may do all",
            command=f"{commands.ask(facts.topology, taker, prompts=True)} --askpass ACL LOG",
            expect=f"no line with the username {user}. Grant it on each server, and in its aclfile"
            f" or redis.conf: ACL SETUSER {user} {acl.typed(acl.PUSHED)}",
        )
        logs = (*logs, right)
    return Block(
        code=Code.MOVE_FAILS,
        why=f"a move of slots from {giver} to {taker} failed {len(failed)} times; the server says:"
        f" {failed[0].message or failed[0].said}. The slots stay with {giver}, which serves them",
        fix=logs,
        serves=True,
    )


def leftovers(facts: Facts, taker: str, left: int) -> Block:
    """Refuse to move slots to a node that holds keys in slots that it does not own."""
    look = Todo(
        what="what does the server say of its keys? It does not show all of them; the runbook says"
        " how to see these, and what to do with them",
        command=f"{commands.ask(facts.topology, taker)} INFO keyspace",
        expect="the number of all keys, those in slots that it does not own included",
    )
    return Block(
        code=Code.KEYS_BEHIND,
        why=f"{taker} holds {slots.keys(left)} in slots that it does not own: leftovers of another"
        " move. With the next slot the servers would delete them (redis), or end (valkey)",
        fix=(look,),
        serves=True,
    )
