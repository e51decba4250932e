"""What becomes of moves of slots from or to a node that is about to stop.

A failover in the moment in which slots change hands may give them back to a node that has begun to
delete them (valkey#2724). And if a target ends in that moment, its source holds all its clients'
writes back for 10 s. So moves end first:

- Where servers push (valkey), the source's own sidecar cancels them. If our node is the target, the
  source's sidecar sees our mark, and cancels too (`reshard.moves`).
- Where they pull (redis), our sidecar cancels what our node fetches. What others fetch from it goes
  on: the server fetches the rest from our successor.

The source keeps the slots of a move that was cancelled, with all keys. They move again later. A
move that begins after our last look fails when roles change, long before slots change hands.

Servers may refuse to cancel, and other sidecars may be slow. So this ends with half of the time.
Then the hand-over goes on all the same.
"""

from __future__ import annotations

from bootstrap.model import leaving_mark
from bootstrap.model.actions import CancelMigrations
from bootstrap.model.migration import Way
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.handover_run import Run
from bootstrap.plan.verdict import Step


def end(facts: Facts, run: Run) -> Step | None:
    """Return how to end the moves that a hand-over would break off; None if it may go on."""
    me, my = facts.me.name, facts.my
    if not facts.topology.wishing or not leaving_mark.marked(my) or run.seconds >= run.limit / 2:
        return None
    running = [one for one in my.migrations if one.running]
    ours = migrations.commanded(facts)
    if my.way is Way.PULL:
        running = [one for one in running if one in ours]
    if not running or (ours and run.cannot_cancel):
        return None
    until = f"no slot moves {'to' if my.way is Way.PULL or not ours else 'from'} {me}"
    if not ours or my.way is None:
        return Step(actions=(), until=until)
    action = CancelMigrations(pod=me, way=my.way, why=f"{me} is about to stop")
    return Step(actions=(action,), until=until)
