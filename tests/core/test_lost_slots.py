"""Lost slots keep nobody else from serving, where servers are told to go on without them."""

from __future__ import annotations

import pytest

from bootstrap import plan as planning
from tests.core import build

LOST = [line for line in build.everybody(0) if not line.startswith(("n1 ", "n4 "))]


@pytest.mark.parametrize("ok", [True, False])
def test_who_serves_goes_on(ok: bool) -> None:
    me = build.own(0, LOST, ok=ok, keys=3)
    found = planning.plan(build.snapshot(me), build.topology(0))
    assert [(block.code, block.serves) for block in found.blocked] == [("lost-slots", ok)]
