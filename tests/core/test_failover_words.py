"""No text names a failover for a primary that answers, in any scenario.

It is the bus that is dead then: by force, one shard would get two primaries that clients reach.
Two things are no such primaries: one that came back without any key while its replica has them, and
a node that was reset and owns nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bootstrap.show import plan_text
from tests.core import scenario

FILES = scenario.PLANNED
WORDS = ("FAILOVER", "TAKEOVER", "FORCE")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_primary_that_answers_is_failed_over(path: Path) -> None:
    found = scenario.read(path)
    text = json.dumps(plan_text.as_json(found.snapshot, found.plan, found.topology))
    text += plan_text.as_text(found.snapshot, found.plan, found.topology)
    if not any(word in text for word in WORDS):
        return
    views = {pod.view.node_id for pod in found.snapshot.pods if pod.view}
    me = next(pod for pod in found.snapshot.pods if pod.name == found.topology.name)
    members = me.view.members if me.view else ()
    answering = [
        one.node_id for one in members if one.failed and one.slots and one.node_id in views
    ]
    assert not answering
