"""The text that a dry run and `status` share: faults, waits, and what to do."""

from __future__ import annotations

from bootstrap.model.todo import Fix, lines, todos
from bootstrap.model.topology import Topology
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Plan
from bootstrap.show import causes
from bootstrap.show.headline import Headline


def faults(plan: Plan, headline: Headline, topology: Topology, every: tuple[str, ...]) -> list[str]:
    """Return each refusal and fault with what to do, then the waits, and what helps there.

    The headline's cause is not repeated, and each command stands once. `every` are the pods that
    were looked at.
    """
    told: set[str] = set()
    found: list[str] = []
    said = headline.cause.what if headline.cause else ""
    for one in plan.faults:
        mark = "BLOCKED" if one in plan.blocked else "TROUBLE"
        why = "" if one.why == said else f": {one.why}"
        found += [f"{mark} {one.code}{why}", *_once(one.fix, told)]
    codes = dict.fromkeys(one.code for one in plan.faults)
    found += [f"    runbook: {explain(topology, code)}" for code in codes]
    for wait, pods in causes.folded(plan.waiting):
        found += [text] if (text := causes.told(wait, pods, every)) != said else []
    found += _once(headline.todo, told)
    for wait, _ in causes.folded(plan.waiting):
        found += _once(wait.fix, told)
    return [*found, *_typed_too(topology, "\n".join(told))]


def _typed_too(topology: Topology, commands_told: str) -> list[str]:
    """Return the options that redis-cli needs for the login, if a command uses redis-cli."""
    if "redis-cli " not in commands_told:
        return []
    files = "--tls, with --cacert, --cert and --key and the files in the container redis"
    words = ["--askpass (with -it behind exec)"] * topology.with_password + [files] * topology.tls
    return [f"    the servers want more behind redis-cli: {'; '.join(words)}"] if words else []


def explain(topology: Topology, code: str) -> str:
    """Return the command that prints a code's entry of the runbook in our own pod."""
    where = f"kubectl exec{commands.namespace(topology)} {topology.name} -c bootstrap"
    return f"{where} -- python -m bootstrap explain {code}"


def _once(fix: Fix, told: set[str]) -> list[str]:
    """Return the lines of a fix without commands in `told`; add its commands to `told`."""
    new = tuple(one for one in todos(fix) if (one.command or one.what) not in told)
    told.update(one.command or one.what for one in new)
    return lines(new)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines, the head first; each column is as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
