"""`tests/scenarios/*.txt`: what is seen, and the plan.

SCENARIOS=write rewrites what is expected; read the difference before you keep it.
"""

from __future__ import annotations

import dataclasses
import os
import random
from pathlib import Path

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.plan import codes
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import LookFurther, Phase, Plan
from tests.core import scenario
from tests.simulator import oracle

LOCAL = {"ConfigSet", "SetPeersPassword", "ReloadCertificates"}
FILES = scenario.PLANNED


@pytest.mark.parametrize("path", scenario.FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    found = scenario.read(path)
    if os.environ.get("SCENARIOS") == "write":
        path.write_text(f"{found.given}\n--\n{found.rendered}\n")
        pytest.skip("written")
    assert found.rendered == found.expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_order_of_arrival_does_not_matter(path: Path) -> None:
    """I7. The order of a node's lines cannot matter: the parser sorts them."""
    found = scenario.read(path)
    pods = found.snapshot.pods
    shuffled = [tuple(random.Random(seed).sample(pods, len(pods))) for seed in range(6)]
    for turned in (pods[::-1], pods[1:] + pods[:1], *shuffled):
        seen = dataclasses.replace(found.snapshot, pods=turned)
        assert planning.plan(seen, found.topology) == found.plan


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everybody_says_what_they_wait_for(path: Path) -> None:
    """I8, and that while blocked our own node is told who it is, brought together, and no more."""
    plan = scenario.read(path).plan
    assert plan.reached or plan.steps or plan.waiting or plan.blocked
    assert all(wait.what and wait.pod for wait in plan.waiting)
    assert all(block.why and block.fix for block in plan.blocked)
    if plan.blocked:
        kinds = {type(action).__name__ for step in plan.steps for action in step.actions}
        assert kinds <= {*LOCAL, "Meet", "Replicate"}
        assert plan.phase is Phase.BLOCKED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_words_say_that_a_pods_own_node_is_to_be_forgotten(path: Path) -> None:
    """Nor that a node is which may be that of a pod that did not answer, unless it has its name."""
    found = scenario.read(path)
    told = oracle.told_to_forget(found.plan)
    seen = found.snapshot.pods
    assert not told & {pod.view.node_id for pod in seen if pod.view}
    if found.plan.blocked and any(block.code == "foreign-node" for block in found.plan.blocked):
        assert not told or all(pod.view for pod in seen)


def test_scenarios_show_words_that_name_ids_to_forget() -> None:
    assert len({one for plan in plans() for one in oracle.told_to_forget(plan)}) > 3


def plans() -> list[Plan]:
    return [scenario.read(path).plan for path in FILES]


def test_every_refusal_has_a_scenario() -> None:
    elsewhere = {  # tests/core/test_start_gate.py, tests/core/test_safety.py
        Code.DATA_MISSING,
        Code.NODES_CONF_UNREADABLE,
        Code.SAFETY,
    }
    assert {block.code for plan in plans() for block in plan.blocked} == codes.REFUSALS - elsewhere


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_failover_is_named_for_want_of_dns(path: Path) -> None:
    """Whatever else is seen: a pod that DNS does not tell was not asked, and may serve."""
    found = scenario.read(path)
    others = [pod.name for pod in found.snapshot.pods if pod.name != found.topology.name]
    for unseen in (*([one] for one in others), *([others] if others else [])):
        pods = [scenario.unfound(pod) if pod.name in unseen else pod for pod in found.snapshot.pods]
        seen = dataclasses.replace(found.snapshot, pods=tuple(pods))
        plan = planning.decide(seen, found.topology)
        if isinstance(plan, LookFurther):
            continue
        told = [todo.line(one.fix) for one in (*plan.faults, *plan.waiting)]
        assert not [one for one in told if "TAKEOVER" in one or "FAILOVER FORCE" in one]


def test_scenarios_show_words_that_name_a_failover() -> None:
    told = [todo.line(one.fix) for plan in plans() for one in (*plan.faults, *plan.waiting)]
    assert sum("TAKEOVER" in one or "FAILOVER FORCE" in one for one in told) > 5
