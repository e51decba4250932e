"""The functions (FUNCTION LOAD) of a node that is to get its first slots.

Where servers push (valkey), a move does not bring them: clients would be told `Function not found`.
So before its first slot such a node gets the functions of the owners, from the first of them. Its
replicas get them from it. Where servers pull (redis), a move brings them.

INFO has the number of libraries, no more. If the owners differ in that, somewhere functions are
being loaded, or are missing, so the node waits. A node that has functions keeps those, and waits
for none: nothing replaces or deletes functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bootstrap.model.actions import RestoreFunctions
from bootstrap.model.migration import Way
from bootstrap.model.rebalance import Transfer
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Step, Wait


def waits(facts: Facts, pod: Pod, view: View) -> Iterator[Wait]:
    """Wait for the functions of a node that is to get slots."""
    numbers = _numbers(facts)
    if not _lacks(view) or not any(numbers.values()):
        return
    source, count = next(iter(numbers.items()))
    if all(one == count for one in numbers.values()):
        what = f"the functions of {source}, before it gets slots: {_libraries(count)}"
        yield Wait(pod=pod.name, what=what)
        return
    told = ", ".join(f"{name} has {one}" for name, one in numbers.items())
    asked = (f"{commands.ask(facts.topology, name)} FUNCTION LIST" for name in numbers)
    look = Todo(
        what="which libraries has each owner? Load those that are missing, with FUNCTION LOAD; or"
        f" load all that {pod.name} is to have there, and it waits no longer",
        command="; ".join(asked),
        expect="the same names from each",
    )
    what = f"the owners of slots to have as many libraries of functions each: {told}"
    yield Wait(pod=pod.name, what=what, fix=(look,))


def restore(facts: Facts, transfers: Iterable[Transfer]) -> Step | None:
    """Return the step that gives our own node its functions before these transfers; or None."""
    numbers = _numbers(facts)
    if not _lacks(facts.my) or all(one.target_id != facts.my.node_id for one in transfers):
        return None
    if not any(numbers.values()) or len({*numbers.values()}) > 1:
        return None
    source, count = next(iter(numbers.items()))
    why = f"it is to get slots, and {source} has {_libraries(count)} of functions"
    action = RestoreFunctions(pod=facts.me.name, source=source, why=why)
    return Step(actions=(action,), until="our node has these functions", confirm=True)


def _lacks(view: View) -> bool:
    """Whether a move to a node would not bring functions, and it has neither slots nor any."""
    return view.way is Way.PUSH and not (view.myself.slots or view.libraries)


def _numbers(facts: Facts) -> dict[str, int]:
    """Return how many libraries the owners of slots have, by pod, in order of ordinals."""
    return {pod.name: view.libraries for pod, view in facts.viewed if view.myself.slots}


def _libraries(count: int) -> str:
    return f"{count} {'library' if count == 1 else 'libraries'}"
