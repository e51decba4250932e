"""To-dos say what was seen: which pod differs, how many there are, what is held and what is not."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.sidecar_report import SidecarReport
from bootstrap.model.snapshot import Originals, Pod, Scope, Trouble, Unreachable
from bootstrap.model.timers import Timers
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down, promotion
from bootstrap.plan.verdict import Plan
from bootstrap.show import plan_text, sidecars
from tests.core import build


def planned(*pods: Pod, me: int = 0, size: int | None = 6, **more: Any) -> Plan:
    return planning.plan(build.snapshot(*pods), build.topology(me, size, **more))


def told(plan: Plan) -> str:
    return "\n".join(todo.line(one.fix) for one in (*plan.faults, *plan.waiting))


def well(ordinal: int, **more: Any) -> Pod:
    facts: dict[str, Any] = {"ok": True, "link": True, "follows": build.address(ordinal % 3)}
    return build.own(ordinal, build.all_lines(ordinal), **{**facts, **more})


def five_and(trouble: str, *ordinals: int, **more: Any) -> str:
    """What is told where the servers of these pods do not let the sidecar in, and the others do."""
    ill = ordinals or (4,)
    pods = [build.pod(one, trouble) if one in ill else build.own(one) for one in range(6)]
    return told(planned(*pods, **more))


def test_which_pod_differs_in_its_password() -> None:
    without = "let the sidecar in without a password"
    assert f"5 of 6 servers {without}, redis-app-4 did not: let" in five_and("password")
    with_ours = five_and("password", with_password=True)
    assert "5 of 6 servers took the sidecar's password, redis-app-4 did not: let" in with_ours
    several = five_and("password", 3, 4)
    assert f"4 of 6 servers {without}, redis-app-3, redis-app-4 did not: let" in several
    one = five_and("password", 0, 1, 2, 3, 5)
    assert (
        f"1 of 6 servers (redis-app-4) {without}, redis-app-0, redis-app-1, redis-app-2,"
        " redis-app-3 and 1 more did not: let"
    ) in one


def test_a_spoilt_password_is_to_be_written_anew_first() -> None:
    spoilt = Unreachable(trouble=Trouble.PASSWORD, reason="no; it ends in a newline", odd=True)
    pods = [build.own(0), *(build.pod(one, "password") for one in range(1, 6))]
    assert "patch secret" not in told(planned(*pods))
    pods[3] = dataclasses.replace(pods[3], node=spoilt)
    said = told(planned(*pods))
    assert said.index("kubectl patch secret NAME") < said.index("CONFIG GET requirepass")


def test_who_is_held_by_its_start_gate_is_told_as_that() -> None:
    held = SidecarReport(pod="redis-app-4", verdict="WAIT", memory=Timers(shut=3.0))
    refused = Unreachable(trouble=Trouble.REFUSED, reason="no connection: Connection refused")
    pods = [build.own(one) for one in range(6)]
    pods[4] = dataclasses.replace(build.pod(4, "refused"), node=refused)

    def said(one: SidecarReport) -> str:
        seen = sidecars.explained(
            dataclasses.replace(build.snapshot(*pods, scope=Scope.ALL), reports=(one,))
        )
        plan = planning.plan(seen, build.topology(0))
        return "".join(wait.text for wait in plan.waiting) + told(plan)

    look = "what does the start gate of redis-app-4 wait for?"
    assert "Connection refused; its start gate holds it" in said(held)
    assert look in said(held)
    for other in (Timers(), Timers(shut=3.0, opened=True), None):
        assert "start gate" not in said(dataclasses.replace(held, memory=other))
    assert "start gate" not in said(dataclasses.replace(held, pod="redis-app-5"))


def test_where_both_certificates_have_expired_both_are_to_be_renewed() -> None:
    pods = [build.own(one) for one in range(6)]
    pods[4] = build.pod(4, "tls-expired")
    ours = "the sidecar's own certificate is refused by redis-app-1, redis-app-2:"
    assert ours not in told(planned(*pods, me=4))
    pods[1], pods[2] = build.pod(1, "tls-ours"), build.pod(2, "tls-ours")
    assert ours in told(planned(*pods, me=4))


@pytest.mark.parametrize(
    ("trouble", "did"),
    [
        ("permission", "granted the user default all that the sidecar needs"),
        ("protected-mode", "answered other pods"),
        ("tls", "spoke TLS with the sidecar"),
        ("tls-expired", "had a certificate that is valid now"),
        ("command-missing", "knew all commands that the sidecar needs"),
        ("not-cluster-mode", "had cluster-enabled yes"),
    ],
)
def test_which_pod_differs_in_anything_else(trouble: str, did: str) -> None:
    # Our own server answers its own pod even where protected-mode is on.
    seen = "4 of 5" if trouble == "protected-mode" else "5 of 6"
    assert f"{seen} servers {did}, redis-app-4 did not: " in five_and(trouble)


def test_nothing_is_said_of_others_where_none_lets_us_in() -> None:
    assert " of 6 servers" not in told(planned(*(build.pod(one, "password") for one in range(6))))
    assert " of 6 servers" not in five_and("refused")


def test_the_user_of_the_settings_stands_in_the_commands() -> None:
    text = five_and("permission", username="bob")
    assert "--askpass ACL SETUSER bob +info" in text
    assert "redis-cli --user bob --askpass CONFIG GET aclfile" in five_and(
        "password", with_password=True, username="bob"
    )


def test_how_many_pods_were_found_and_what_the_size_says() -> None:
    pods = [build.own(one) for one in range(6)]
    text = told(planned(*pods, size=None, size_refused=4))
    assert "6 pods were found, BOOTSTRAP_SIZE says 4." in text
    assert "1 pod was found, BOOTSTRAP_SIZE is not set." in told(planned(build.own(0), size=None))


def test_a_size_that_keeps_the_seed_from_forming_is_told_by_those_who_wait_for_it() -> None:
    """Its own sidecar ends itself for it, and says nothing at `/readyz`."""
    seen = build.snapshot(build.own(3), build.own(0), scope=Scope.SEED, idle=5.0)
    topology = build.topology(3, None, size_refused=4)
    (wait,) = planning.plan(seen, topology).waiting
    assert "saw 4, which makes 2 shards" in wait.text
    assert wait.usual == 0.0
    assert "BOOTSTRAP_SIZE says 4" in todo.line(wait.fix)
    (wait,) = planning.plan(seen, build.topology(3)).waiting
    assert "BOOTSTRAP_SIZE" not in wait.text
    assert wait.usual > 0


def said(me: int, lines: list[str], **more: Any) -> Pod:
    """A pod whose node knows these, its own line among them."""
    mine = [re.sub(r"(?<= )(master|slave) ", r"myself,\1 ", line) for line in lines]
    some = [mine[at] if line.startswith(f"n{me} ") else line for at, line in enumerate(lines)]
    return build.own(me, some, ok=True, link=True, **more)


def lost_third(**more: Any) -> list[Pod]:
    owners = [build.line(0, slots="0-5460"), build.line(1, slots="5461-10921")]
    lines = [*owners, build.line(2, "slave", "n0")]
    return [said(me, lines, **more) for me in range(3)]


def test_that_no_pod_is_away_is_said_of_lost_slots() -> None:
    every = told(planned(*lost_third(keys=3), size=3, replicas_per_shard=0))
    assert "no pod is away: all 3 answer, and none owns the slots." in every
    pods = [*lost_third(keys=3), build.pod(3, "refused")]
    away = told(planned(*pods, size=3, replicas_per_shard=0))
    assert "may still be on a pod that is away: redis-app-3 did not answer. Bring it back" in away


def two_sides(*held: int) -> Plan:
    sides = (("0-5460", "5461-16383"), ("0-8000", "8001-16383"))
    pods = []
    for side, (first, second) in enumerate(sides):
        one, other = 2 * side, 2 * side + 1
        lines = [build.line(one, slots=first), build.line(other, slots=second)]
        pods += [said(me, lines, keys=held[me]) for me in (one, other)]
    return planned(*pods, me=3)


def test_which_side_holds_keys_is_said_of_a_split() -> None:
    assert "no key on either side, so either may go." in told(two_sides(0, 0, 0, 0))
    text = told(two_sides(2, 3, 0, 1))
    assert "the side of redis-app-0 5 keys, the side of redis-app-2 1 key." in text
    for name in range(4):
        side = 2 * (name // 2)
        assert (
            f"DESTRUCTIVE: only if the side of redis-app-{side} is the wrong one: give"
            f" redis-app-{name} an empty volume" in text
        )


def test_a_replica_that_has_the_keys_is_named_for_a_primary_that_was_reset() -> None:
    pods = [well(one, keys=7) for one in range(1, 6)]
    lines = [line for line in build.all_lines(0) if not line.startswith("n0 ")]
    mine = build.own(0, [build.line(0, "myself,master"), *lines])
    plan = planning.plan(build.snapshot(mine, *pods, idle=20.0), build.topology(0))
    text = told(plan)
    assert "redis-app-3, a replica, holds 7 keys: let it serve the slots" in text
    assert "redis-app-3 -c redis -- redis-cli CLUSTER FAILOVER TAKEOVER" in text
    assert "DESTRUCTIVE: only if no replica holds their keys" in text
    empty = [well(one, keys=0) for one in range(1, 6)]
    none = planning.plan(build.snapshot(mine, *empty, idle=20.0), build.topology(0))
    assert "TAKEOVER" not in told(none)


def test_a_node_without_a_name_is_looked_for_by_its_address() -> None:
    lines = [*build.all_lines(0), "x9 10.0.0.39:6379@16379 slave,fail n0 0 0 9 disconnected"]
    plan_of = build.snapshot(well(0), *(well(one) for one in range(1, 6)))
    facts = Facts(
        dataclasses.replace(plan_of, pods=(build.own(0, lines, ok=True), *plan_of.pods[1:])),
        build.topology(0),
    )
    member = facts.my.member("x9")
    assert member is not None
    first, second = down.fix(facts, [member])
    assert "10.0.0.39" in first.what
    assert first.command == "kubectl get pods -n default -o wide"
    assert second.command.endswith("redis-app-0 -c redis -- redis-cli CLUSTER NODES")


def test_the_other_set_of_a_copy_is_named_by_its_namespace() -> None:
    """Which of two is the copy is looked at first; stopping one of them is marked."""
    pods = [well(one) for one in range(6)]
    said = build.view(
        "n1 10.9.9.9:6379@16379 myself,master - 0 0 1 connected",
        cluster_announce_hostname="redis-app-1.redis-service.staging.svc.cluster.local",
    )
    seen = dataclasses.replace(
        build.snapshot(*pods, scope=Scope.ALL), originals=Originals(nodes=(("10.9.9.9", said),))
    )
    (block,) = planning.plan(seen, build.topology(0)).blocked
    look, other, this = todo.todos(block.fix)
    assert (look.destructive, other.destructive, this.destructive) == (False, True, True)
    assert other.command == "kubectl scale statefulset -n staging redis-app --replicas=0"
    assert this.command == "kubectl scale statefulset -n default redis-app --replicas=0"


def test_each_trouble_has_something_to_do() -> None:
    for trouble in Trouble:
        assert five_and(trouble.value), trouble


def test_the_same_fault_of_several_servers_is_one_refusal() -> None:
    pods = [build.own(0), *(build.pod(one, "not-cluster-mode") for one in range(1, 6))]
    (block,) = planned(*pods).blocked
    assert block.why.startswith("5 of 6 servers: it is not-cluster-mode (redis-app-1, redis-app-2")
    mixed = [*pods[:4], build.pod(4, "command-missing"), build.pod(5, "command-missing")]
    assert [one.code for one in planned(*mixed).blocked] == ["not-cluster-mode", "command-missing"]


def test_no_failover_is_named_while_owners_that_are_taken_for_failed_answer() -> None:
    """What they lack is the cluster bus; with links the nodes elect by themselves."""
    lines = [
        line.replace("master", "master,fail") if line.startswith("n1 ") else line
        for line in build.all_lines(0)
    ]
    pods = [build.own(0, lines, ok=True), *(well(one) for one in range(1, 6))]
    facts = Facts(build.snapshot(*pods), build.topology(0))
    found = promotion.promotion(facts, "redis-app-4", "if none has")
    assert "FAILOVER" not in found.command
    assert "redis-app-1 answer, and lack only links" in found.what


def test_what_lets_a_person_in_is_told_once_below_the_commands() -> None:
    def text(**more: Any) -> str:
        seen = build.snapshot(build.own(0), *(build.pod(one, "loading") for one in range(1, 6)))
        topology = build.topology(0, **more)
        return plan_text.as_text(seen, planning.plan(seen, topology), topology)

    assert "behind redis-cli" not in text()
    (line,) = [line for line in text(with_password=True).splitlines() if "behind redis-cli" in line]
    assert "--askpass" in line
    assert "--tls" not in line
    assert "--cacert, --cert and --key" in text(tls=True)
    healthy = build.snapshot(*map(well, range(6)))
    plan = planning.plan(healthy, build.topology(0, with_password=True))
    assert "redis-cli" not in plan_text.as_text(
        healthy, plan, build.topology(0, with_password=True)
    )
