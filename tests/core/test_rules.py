"""The rules in their order, and what is said while our own server does not answer."""

from __future__ import annotations

from bootstrap import plan as planning
from bootstrap.model.snapshot import Scope
from tests.core import build


def test_only_a_seed_goes_on_looking_at_all_while_its_server_does_not_answer() -> None:
    for me, look in ((0, Scope.ALL), (1, Scope.LOCAL)):
        pods = [build.own(one) for one in range(6) if one != me]
        plan = planning.plan(build.snapshot(*pods, build.pod(me, "refused")), build.topology(me))
        assert plan.look is look
        assert [wait.pod for wait in plan.waiting] == [f"redis-app-{me}"]
