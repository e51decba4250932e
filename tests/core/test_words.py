"""Defects of words that no text may have, over every scenario as it is printed."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Final

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Trouble, Unreachable
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.show import causes, cluster_table, effect, headline, plan_text, shards
from bootstrap.show.cause import Verdict
from tests.core import build, scenario

FILES = scenario.PLANNED
ELSEWHERE: Final = ("kube-system", "-A ", "nodes", "kubectl get pv ")
"""Commands about what is in no namespace, in another, or in all of them."""


def texts(path: Path) -> list[str]:
    given = scenario.read(path)
    cluster = shards.cluster(given.snapshot, given.topology)
    return [
        plan_text.as_text(given.snapshot, given.plan, given.topology),
        cluster_table.as_text(cluster, given.snapshot, given.plan, given.topology),
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_text_has_a_defect(path: Path) -> None:
    for text in texts(path):
        for defect in ("none or none", "slots none", ": ;", "  (", "None"):
            assert defect not in text.replace("expected: None true", "").replace(
                "in place of None", ""
            ).replace("clusterIP: None", ""), defect
        assert not re.search(r"\b1 (keys|nodes|shards|pods|names|servers|slots)\b", text)
        assert not re.search(r"\bslots \d+(?![\d ]*[-\d])\b(?! \.\.\.)(?!,| \d)", text), text


def told_to_do(path: Path) -> list[todo.Todo]:
    """All that a person is told to do, by the plan, by its headline and by that of `status`."""
    given = scenario.read(path)
    plan, facts = given.plan, Facts(given.snapshot, given.topology)
    cluster = shards.cluster(given.snapshot, given.topology)
    heads = [headline.headline(facts, plan), headline.headline(facts, plan, cluster)]
    fixes = [plan.gate.fix, *(one.fix for one in (*plan.faults, *plan.waiting))]
    return [one for fix in (*fixes, *(head.todo for head in heads)) for one in todo.todos(fix)]


PLACEHOLDERS: Final = r"POD|PATH|USER|REPLICA|ADDRESS|NAMESPACE|BYTES|KEY|NAME|HOST|ID"
A_POD: Final = r"(redis-app-(\d+|\$i)|\$i|statefulset -n \S+ redis-app)( |$)"


def defects(command: str, own_ids: frozenset[str] = frozenset()) -> list[str]:
    """What keeps a command from being typed as it stands, or makes it dangerous."""
    found = []
    for part in re.split(r"&&|;|\$\(|\bdo\b", command):
        if "kubectl " in part and not any(one in part for one in ELSEWHERE):
            named = re.search(r" -n (default|staging)\b", part)
            found += [] if named else [f"no namespace: {part}"]
            if re.search(r"kubectl (exec|logs|describe)", part) and not re.search(A_POD, part):
                found.append(f"no pod: {part}")
        if re.search(r"(?<!')\+\w+\|", part):
            found.append(f"a pipe, to a shell: {part}")
        if re.search(r"--askpass|--cluster fix", part) and " -it " not in part:
            found.append(f"no terminal: {part}")
    forgotten = set(re.findall(r"CLUSTER FORGET (\w+)", command)) & own_ids
    found += [f"FORGET of a pod's own node: {one}" for one in forgotten]
    paths = re.sub(r"'(\{[^']*\} ?)+'", "", command)
    return [*found, *re.findall(rf"(?<![\w\[.-])(?:{PLACEHOLDERS})(?![\w=|-])|[{{}}]", paths)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commands_are_complete(path: Path) -> None:
    """Each names the namespace and a real pod, and has a terminal where it asks something."""
    pods = scenario.read(path).snapshot.pods
    own = frozenset(pod.view.node_id for pod in pods if pod.view)
    for one in told_to_do(path):
        assert not defects(one.command, own), one.command
        # Within words too, a command is one that can be typed.
        for words in re.findall(r"kubectl [^;)]*", f"{one.what} {one.expect}"):
            assert not defects(words), words


def test_commands_that_are_not_complete_are_seen() -> None:
    """The test above can fail."""
    at = "kubectl exec -n default redis-app-0 -c redis -- redis-cli"
    for command in (
        "kubectl exec redis-app-0 -c redis -- redis-cli PING",
        "kubectl exec -n default -c redis -- redis-cli PING",
        "kubectl describe pod",
        "kubectl logs -n default node x9 -c redis",
        "kubectl delete pod -n default redis-app-0 && kubectl delete pvc data-redis-app-0",
        f"{at} CONFIG SET tls-cert-file PATH",
        f"{at} ACL SETUSER bob +info +cluster|meet",
        f"{at} ACL SETUSER USER +info",
        f"{at} --askpass PING",
        f"{at} --cluster fix 10.0.0.10:6379",
        f"{at} MIGRATE 10.0.0.11 6379 KEY 0 5000",
        f"{at} CONFIG GET {{setting}}",
        f"for i in 0; do {at} CLUSTER FORGET n4; done",
    ):
        assert defects(command, frozenset({"n4"})), command
    assert not defects(f"{at} CLUSTER FORGET n4", frozenset({"n5"}))


def test_ids_in_commands_are_whole() -> None:
    """Ids in scenarios are short: here they are as long as servers make them."""
    gone, kept = "ab" * 20, "cd" * 20
    name = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
    lines = [*build.all_lines(0), build.line(6, "slave,fail", "n0").replace("n6 ", f"{gone} ")]
    strange = [
        *build.all_lines(0),
        f"{kept} 10.9.9.9:6379@16379,db-0.other.svc master - 0 0 9 connected",
    ]
    away = told(own(0, lines), *(own(one) for one in range(1, 6)), build.pod(6, resolved=name))
    assert f"CLUSTER FORGET {gone};" in "".join(one.command for one in away.todo)
    seen = build.snapshot(own(0, strange), *(own(one) for one in range(1, 6)))
    (block,) = planning.plan(seen, build.topology(0)).blocked
    assert f"CLUSTER FORGET {kept};" in todo.line(block.fix)
    assert not re.search(r"CLUSTER (FORGET|REPLICATE) \w{1,39}\b", todo.line(block.fix))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_look_says_what_to_expect(path: Path) -> None:
    """Nor is what helps a text alone, in which looks and acts cannot be told apart."""
    plan = scenario.read(path).plan
    for fix in (plan.gate.fix, *(one.fix for one in (*plan.faults, *plan.waiting))):
        assert not isinstance(fix, str) or not fix
    for one in told_to_do(path):
        assert one.expect or "?" not in one.what, one


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_look_comes_before_a_destructive_act(path: Path) -> None:
    plan = scenario.read(path).plan
    for one in (*plan.faults, *plan.waiting):
        found = todo.todos(one.fix)
        assert not found or not found[0].destructive


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_headline_agrees_with_what_stands_below(path: Path) -> None:
    given = scenario.read(path)
    found = headline.headline(Facts(given.snapshot, given.topology), given.plan)
    assert found.text.startswith(found.verdict.value)
    if given.plan.faults:
        assert found.verdict is Verdict.ACT
    if found.verdict is Verdict.HEALTHY:
        assert given.plan.reached
        assert not found.effect.harms
    for text in texts(path):
        assert text.partition("\n")[0].partition(" ")[0].rstrip(":") in set(Verdict)


def told(*pods: Pod, me: int = 0, scope: Scope = Scope.ALL, **more: Any) -> headline.Headline:
    snapshot, topology = build.snapshot(*pods, scope=scope, **more), build.topology(me)
    plan = planning.plan(snapshot, topology)
    return headline.headline(Facts(snapshot, topology), plan, shards.cluster(snapshot, topology))


def own(ordinal: int, lines: list[str] | None = None, **more: Any) -> Pod:
    defaults: dict[str, Any] = {"ok": True, "link": True, "follows": build.address(ordinal % 3)}
    return build.own(ordinal, lines or build.all_lines(ordinal), **{**defaults, **more})


def test_five_names_of_which_dns_says_nothing_are_one_cause() -> None:
    fails = Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53")
    pods = [build.own(0), *(build.pod(one, resolved=fails) for one in range(1, 6))]
    found = told(*pods)
    assert found.text.startswith(
        "ACT dns: DNS says nothing of 5 of 6 pods: SERVFAIL from 10.96.0.10:53"
        " (name server of /etc/resolv.conf). "
    )
    assert found.cause is not None
    assert found.cause.code in causes.ACTS


def test_a_pod_that_was_scaled_away_is_told_once_and_with_both_ways_out() -> None:
    gone = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
    lines = [*build.all_lines(0), build.line(6, "slave,fail", "n0")]
    pods = [own(0, lines), *(own(one) for one in range(1, 6)), build.pod(6, resolved=gone)]
    snapshot, topology = build.snapshot(*pods), build.topology(0)
    plan = planning.plan(snapshot, topology)
    cluster = shards.cluster(snapshot, topology)
    text = cluster_table.as_text(cluster, snapshot, plan, topology)
    assert text.startswith("ACT scaled-away: redis-app-6: its pod is gone, as after scaling in.")
    assert "kubectl scale statefulset -n default redis-app --replicas=7" in text
    assert "CLUSTER FORGET n6" in text
    assert not cluster.outside
    assert "  away" not in text


def test_keys_that_lie_on_a_pod_without_a_cluster_are_told() -> None:
    assert "1 key lies untouched on redis-app-0." in effect.words(
        effect.effect(Facts(build.snapshot(build.own(0, keys=1)), build.topology(0)))
    )


def test_nothing_is_said_of_clients_that_was_not_seen() -> None:
    found = told(build.pod(0, "refused"))
    assert "What clients see is not known from here." in found.text


def test_a_plan_that_only_waits_for_a_phase_is_no_health() -> None:
    snapshot, topology = build.snapshot(own(0), scope=Scope.LOCAL), build.topology(0)
    found = headline.headline(Facts(snapshot, topology), Plan(phase=Phase.JOIN))
    assert found.verdict is Verdict.WAIT


# What stands out in the shards, though the pod that was asked lacks nothing


def one_of(found: headline.Headline) -> tuple[str, str, str]:
    assert found.cause is not None
    return found.verdict.value, found.cause.code, found.cause.pod


def six(**instead: Pod) -> list[Pod]:
    return [instead.get(f"p{one}", own(one)) for one in range(6)]


def test_each_kind_of_trouble_in_the_shards_has_its_verdict() -> None:
    twice = [line for line in build.all_lines(3) if not line.startswith("n3")]
    twice.append(build.line(3, "myself,master", slots="100-200").replace(" 4 conn", " 9 conn"))
    twice[0] = build.line(0, "master", slots="0-99 201-5460")
    disputed = told(*six(p3=own(3, twice)))
    assert one_of(disputed) == ("ACT", "disputed-slots", "")
    strange = [line for line in build.all_lines(1) if not line.startswith("n4")]
    doubted = told(*six(p1=own(1, [*strange, build.line(4, "slave,fail?", "n1")])))
    assert one_of(doubted) == ("ACT", "node-trouble", "redis-app-4")
    assert one_of(told(*six(p4=own(4, link=False)), me=1)) == ("WAIT", "sync", "redis-app-4")
    assert one_of(told(*six(p4=own(4, ok=False)), me=1)) == ("WAIT", "state", "redis-app-4")
    assert one_of(told(*six(), build.own(6), me=1)) == ("WAIT", "outside", "redis-app-6")
    away = build.pod(6, "refused")
    assert one_of(told(*six(), away, me=1)) == ("ACT", "outside", "redis-app-6")
    assert told(*six(), me=1).verdict is Verdict.HEALTHY


def test_the_same_fault_of_several_servers_is_one_line() -> None:
    pods = [build.own(0), *(build.pod(one, "refused") for one in range(1, 6))]
    found = told(*pods)
    assert found.text.startswith(
        "WAIT: 5 of 6 servers (all but redis-app-0): it is refused; it passes by itself"
    )
    old = [build.own(0, uptime=90), *pods[1:]]
    assert told(*old).text.startswith("ACT: 5 of 6 servers (all but redis-app-0): it is refused. ")


def test_a_node_that_was_missed_for_long_is_for_a_person() -> None:
    lines = [line for line in build.all_lines(0) if not line.startswith("n4 ")]
    lines.append(build.line(4, "slave,fail?", "n1"))
    soon = told(own(0, lines), scope=Scope.LOCAL)
    others = (own(1), own(2), own(3), build.pod(4, "refused"), own(5))
    late = told(own(0, lines), *others, unwell=60.0)
    assert one_of(soon) == ("WAIT", "pod-down", "redis-app-4")
    assert one_of(late) == ("ACT", "pod-down", "redis-app-4")


def test_nodes_that_own_slots_are_never_to_be_forgotten_after_scaling_in() -> None:
    gone = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
    lines = build.all_lines(0)
    lines[0] = lines[0].replace("0-5460", "0-5400")
    lines.append(build.line(6, "master,fail", slots="5401-5460"))
    found = told(own(0, lines, ok=False), build.pod(6, resolved=gone))
    assert one_of(found)[1] in causes.ACTS
    cause = [own(0, lines), *(own(one) for one in range(1, 6)), build.pod(6, resolved=gone)]
    named = told(*cause)
    assert one_of(named) == ("ACT", "scaled-away", "redis-app-6")
    assert "with it the keys of slots 5401-5460" in named.text
    assert not any("FORGET" in one.command for one in named.todo)


def test_many_names_are_cut_short() -> None:
    assert down.listed([f"p{one}" for one in range(6)]) == "p0, p1, p2, p3 and 2 more"
    assert down.listed(["p0"]) == "p0"


def test_clients_that_are_refused_by_all_nodes_are_told_at_last() -> None:
    snapshot, topology = build.snapshot(own(0, ok=False), scope=Scope.LOCAL), build.topology(0)
    found = headline.headline(Facts(snapshot, topology), Plan(phase=Phase.STEADY))
    assert one_of(found) == ("ACT", "unserved", "")


# What a phase's word says, and what is so


@pytest.mark.parametrize(("size", "replicas"), [(6, 1), (3, 0), (1, 0)])
def test_a_formed_cluster_without_a_key_is_never_told_to_be_none(size: int, replicas: int) -> None:
    """All nodes say ok, so clients are served, whatever the seed has still to do."""
    shape = {"size": size, "replicas_per_shard": replicas}
    topology = build.topology(0, **shape)
    lines = [build.all_lines(one, size, topology.shards) for one in range(size)]
    situation: dict[str, Any] = {"ok": True, "link": True, "repl_diskless_sync_delay": "0"}
    situation["repl_diskless_sync_max_replicas"] = "2000005001"
    pods = [build.own(one, lines[one], **situation) for one in range(size)]
    for some in (pods, [*pods[:-1], build.own(size - 1)] if replicas else pods):
        snapshot = build.snapshot(*some)
        plan = planning.plan(snapshot, topology)
        text = headline.headline(Facts(snapshot, topology), plan).text
        assert "Clients are served." in text, text
        assert "not formed" not in text


@pytest.mark.parametrize("met", [0, 2, 6])
def test_a_half_formed_cluster_serves_nothing_yet(met: int) -> None:
    """Nodes that own their slots, of which some have met: no node says ok."""
    pods = []
    for one in range(6):
        lines = build.all_lines(one)
        mine = [line for line in lines if line.startswith(f"n{one} ")]
        mine = [re.sub("myself,slave n[0-9]", "myself,master -", line) for line in mine]
        pods.append(build.own(one, lines if one < met else mine))
    snapshot, topology = build.snapshot(*pods), build.topology(0)
    plan = planning.plan(snapshot, topology)
    text = headline.headline(Facts(snapshot, topology), plan).text
    assert plan.phase is Phase.FORM, text
    no_client = "No client is served before every node says cluster_state:ok."
    assert (no_client if met else "The cluster is not formed yet, so no client is served.") in text
    assert "No pod that answers holds a key." in text


def test_a_pod_that_has_seen_itself_alone_says_nothing_of_the_others() -> None:
    found = told(build.own(5), me=5, scope=Scope.LOCAL)
    assert "This pod is in no cluster; what the others serve is not known from here." in found.text
    assert "It holds no key." in found.text


def test_keys_of_a_node_that_has_not_proven_whose_it_is_are_told() -> None:
    silent = build.own(5, keys=2, cluster_announce_hostname="")
    stranger = build.own(5, keys=2, cluster_announce_hostname="db-0.other.svc")
    others = [build.own(one) for one in range(5)]
    assert "2 keys lie untouched on redis-app-5." in told(*others, silent).text
    assert "No pod that answers holds a key." in told(*others, stranger).text


def test_a_seed_that_fell_out_of_its_own_meeting_sees_the_cluster_of_the_others() -> None:
    alone = build.own(0, [build.all_lines(0)[0]])
    pods = [
        build.own(
            one,
            [
                line.replace("myself,", "") if not line.startswith(f"n{one} ") else line
                for line in build.all_lines(one)
            ],
            ok=True,
            link=True,
        )
        for one in range(1, 6)
    ]
    found = told(alone, *pods, build.own(6))
    assert "not formed" not in found.text, found.text


def test_a_node_that_was_given_up_is_none_of_the_nodes() -> None:
    """A ghost is known until it is forgotten: six pods have six nodes."""
    lines = [*build.all_lines(0), build.line(4, "slave,fail", "n1").replace("n4 ", "x4 ")]
    lines[-1] = lines[-1].replace("10.0.0.14", "10.0.0.34")
    pods = [own(0, lines), *(own(one) for one in range(1, 6))]
    snapshot, topology = build.snapshot(*pods), build.topology(0)
    assert effect.effect(Facts(snapshot, topology)).nodes == 6


def test_a_wait_that_lasts_twice_as_long_as_usual_is_for_a_person() -> None:
    lines = [line for line in build.all_lines(4) if not line.startswith("n2 ")]
    lines.append(build.line(2, slots=""))
    others = [own(ordinal) for ordinal in (0, 1, 2, 3, 5)]
    soon = told(own(4, lines, ok=False), *others, me=4)
    late = told(own(4, lines, ok=False), *others, me=4, unwell=60.0)
    assert (soon.verdict, late.verdict) == (Verdict.WAIT, Verdict.ACT)
    assert "usually within" not in late.text


def test_a_link_that_has_been_down_for_long_is_for_a_person() -> None:
    pod = own(4, link=False)
    soon = told(pod, me=4, scope=Scope.LOCAL, unlinked=(("redis-app-4", 3.0),))
    late = told(pod, me=4, scope=Scope.LOCAL, unlinked=(("redis-app-4", 30.0),))
    assert (soon.verdict, late.verdict) == (Verdict.WAIT, Verdict.ACT)
    assert "kubectl logs redis-app-4 -n default -c redis" in todo.line(
        planning.plan(
            build.snapshot(pod, scope=Scope.LOCAL, unlinked=(("redis-app-4", 30.0),)),
            build.topology(4),
        )
        .waiting[0]
        .fix
    )


def test_a_cause_that_ends_in_a_full_stop_has_one() -> None:
    pods = [
        dataclasses.replace(
            build.pod(0, "password"),
            node=Unreachable(trouble=Trouble.PASSWORD, reason="user is disabled."),
        )
    ]
    assert ".." not in told(*pods).text


def test_nothing_is_said_twice() -> None:
    """What the first line says is not said again below it."""
    for path in FILES:
        for text in texts(path):
            first, *below = text.splitlines()
            sentences = [
                line.partition(": ")[2]
                for line in below
                if line.startswith(("BLOCKED", "TROUBLE", "waiting for"))
            ]
            assert not any(len(one) > 20 and one in first for one in sentences), text
            notes = [line for line in below if line.startswith("note: ")]
            assert len(notes) == len(set(notes)), text
            acts = [line for line in below if line.startswith("        $ ")]
            assert len(acts) == len(set(acts)) or "?" in text, text


def test_slots_that_are_not_served_are_told_beside_those_that_are() -> None:
    some = effect.Effect(formed=True, unserved=((0, 5460),))
    assert "not served on slots 0-5460; they are on all others." in effect.words(some)
    none = effect.Effect(formed=True, unserved=((0, 16383),))
    assert effect.words(none).startswith("No client is served: ")
