"""`scale`: shows what would move for another number of shards. Never writes."""

from __future__ import annotations

import json

from bootstrap.config.errors import Exit
from bootstrap.observe.observer import Observer
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.outlook import Outlook, outlook, stated
from bootstrap.run import look, once
from bootstrap.show import headline, scale_now
from bootstrap.show import outlook as words


async def scale(
    observer: Observer, output: str, http: tuple[str, int] | None, shards: int | None
) -> int:
    """Print what would move for so many shards, or the present state; return the exit status.

    `output` is `json` or text, and `http` is BOOTSTRAP_HTTP, where sidecars are asked.
    """
    try:
        return await _scale(observer, output, http, shards)
    finally:
        await observer.close()


async def _scale(
    observer: Observer, output: str, http: tuple[str, int] | None, shards: int | None
) -> int:
    snapshot, plan = await look.look(observer, http)
    facts = Facts(snapshot, observer.topology)
    if facts.me.view is None:
        # What is wrong with our own server stands in the headline.
        seen = headline.headline(facts, plan)
        failed = {"pod": facts.topology.name, "headline": headline.as_json(seen)}
        print(json.dumps(failed, indent=1) if output == "json" else seen.text)
        return Exit.FAILED
    if shards is None:
        told = scale_now.as_json(facts) if output == "json" else scale_now.as_text(facts)
        print(told if isinstance(told, str) else json.dumps(told, indent=1))
        return Exit.REACHED
    snapshot, plan = await look.planned(observer, stated(snapshot, shards))
    facts = Facts(snapshot, observer.topology)
    found = outlook(facts, plan, shards)
    if output == "json":
        print(json.dumps(words.as_json(facts, found), indent=1))
    else:
        print(words.as_text(facts, found))
    return _ended(found, once.refused(plan))


def _ended(found: Outlook, refused: Exit | None) -> Exit:
    """Return the exit status: whether it could begin, has to wait, or would be refused."""
    if found.blocks:
        return refused or Exit.BLOCKED
    first = found.waits or found.missing or found.refill
    return Exit.NOT_YET if first else Exit.REACHED
