"""A replica without a link to its primary, and the reason.

Only the sidecar in the replica's own pod can try the primary's port. Other pods see only that there
is no link.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bootstrap.model import acl, bus
from bootstrap.model.primary_answer import LASTING_SECONDS, PrimaryAnswer, Refusal
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import replication
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, durations
from bootstrap.plan.verdict import Alarm, Wait

_CAUSES: Final = {
    Refusal.PROTECTED: "{primary} turns every other pod away: its protected-mode is on, and its"
    " default user has no password, whatever user others log in as",
    Refusal.CROWDED: "{primary} has as many clients as its maxclients allows",
    Refusal.LOGIN_WANTED: "{primary} wants a password, and the masterauth of {pod} is empty",
    Refusal.LOGIN_WRONG: "{primary} does not take masteruser and masterauth of {pod}",
    Refusal.LOGIN_UNASKED: "{primary} has no password, and the masterauth of {pod} is set",
    Refusal.RIGHTS: "the masteruser of {pod} may not do on {primary} what a replica does",
    Refusal.COMMAND: "{primary} does not know a command that a replica sends",
    Refusal.CLOSED: "the port takes no connection from {pod}, though {primary} is there on the"
    " cluster bus",
    Refusal.SILENT: "the port does not answer {pod}, though {primary} is there on the cluster bus",
    Refusal.PLAIN: "{pod} replicates over TLS, and that port of {primary} speaks none",
    Refusal.ENCRYPTED: "that port of {primary} speaks TLS, and {pod} replicates without",
    Refusal.CERTIFICATE: "{pod} and {primary} do not accept each other's certificates",
}
"""What each refusal means. `{pod}` is the replica's pod, and `{primary}` the primary's."""
_SAY_SO: Final = "a setting of redis.conf holds from the server's next start on"
_FIX: Final[dict[Refusal, tuple[Todo, ...]]] = {
    Refusal.PROTECTED: (
        Todo(
            what="is protected-mode on in {primary}, and does its default user need a password?",
            command="{primary_cli} CONFIG GET protected-mode; {primary_cli} ACL GETUSER default",
            expect="expected: no; or yes, and no `nopass` among that user's flags",
        ),
        Todo(
            what="give the default user a password (docs/security.md), or `off resetpass` where all"
            " log in as others; where a NetworkPolicy keeps others out, switch it off, and write"
            " `protected-mode no` into redis.conf",
            command="{primary_cli} CONFIG SET protected-mode no",
            expect="the replica has its link within seconds",
        ),
    ),
    Refusal.CROWDED: (
        Todo(
            what="how many clients has {primary}, and how many may it have?",
            command="{primary_cli} INFO clients",
            expect="connected_clients is at maxclients: see with CLIENT LIST which application"
            " keeps connections open",
        ),
        Todo(
            what="let it have more, here and in redis.conf",
            command="{primary_cli} CONFIG SET maxclients 20000",
        ),
    ),
    Refusal.LOGIN_WANTED: (
        Todo(
            what="has {pod} a password for its sidecar, which writes it into the server?",
            command="kubectl get pod{n} {pod} -o yaml | grep -A5 BOOTSTRAP_REDIS_",
            expect="expected: BOOTSTRAP_REDIS_PASSWORD or BOOTSTRAP_REDIS_PASSWORD_FILE, with the"
            " password of {primary}; else set it, and requirepass alike on all pods",
        ),
    ),
    Refusal.LOGIN_WRONG: (
        Todo(
            what="does {primary} take the password that {pod} has? Type that one",
            command="kubectl exec{n} -it {primary} -c redis -- redis-cli{as_user} --askpass PING",
            expect="expected: PONG; WRONGPASS: the two pods have different ones",
        ),
        Todo(
            what="let all pods have one: BOOTSTRAP_REDIS_USERNAME and _PASSWORD or _PASSWORD_FILE,"
            " and requirepass; where the server has an aclfile, that beats requirepass",
            command="{primary_cli} CONFIG GET aclfile",
            expect="an empty value: requirepass counts; a path: that file does",
        ),
    ),
    Refusal.LOGIN_UNASKED: (
        Todo(
            what="has {primary} no password? {others}",
            command="{primary_cli} ACL LIST",
            expect="nopass in the line of `user default`: it has none",
        ),
        Todo(
            what="{mend}",
            command="{mend_cli}",
            expect="the replica has its link within seconds; let redis.conf say the same, which"
            " holds from the server's next start on",
        ),
    ),
    Refusal.RIGHTS: (
        Todo(
            what="what may the user do?",
            command="{primary_cli} ACL LIST",
            expect=f"expected in the line of the user {{user}}: {' '.join(acl.FOLLOW)}",
        ),
        Todo(
            what="grant what is missing, and in the aclfile or redis.conf",
            command="{primary_cli} ACL SETUSER {user} " + acl.typed(acl.FOLLOW),
        ),
    ),
    Refusal.COMMAND: (
        Todo(
            what="does {primary} know the command?",
            command="{primary_cli} COMMAND INFO replconf psync",
            expect="expected: two entries; an empty one is missing: take its `rename-command` out"
            " of redis.conf, and restart the server",
        ),
    ),
    Refusal.CLOSED: (
        Todo(
            what="at which addresses and port does {primary} listen?",
            command="{primary_cli} CONFIG GET bind; {primary_cli} CONFIG GET port",
            expect="expected: a bind with {address}, *, or none; port {port}",
        ),
        Todo(
            what="where it listens for its own pod alone, let it listen at all, and take `bind` out"
            " of redis.conf",
            command="{primary_cli} CONFIG SET bind '* -::*'",
            expect="redis before 7.0 can't be told: restart it without `bind`",
        ),
        Todo(
            what="else: does a NetworkPolicy reject it?",
            command="kubectl get networkpolicy{n}",
            expect="expected: none, or one that lets {pod} reach port {port} of {primary}",
        ),
    ),
    Refusal.SILENT: (
        Todo(
            what="does a NetworkPolicy keep port {port} of {primary} from {pod}?",
            command="kubectl get networkpolicy{n} -o yaml",
            expect="expected: none, or one that lets the pods of the StatefulSet reach each other"
            " at {port} and at the bus port",
        ),
        Todo(
            what="does its server answer in its own pod?",
            command="{primary_cli} PING",
            expect="PONG: the network is in the way; no answer: the server hangs",
        ),
    ),
    Refusal.PLAIN: (
        Todo(
            what="do both have the same?",
            command="for i in {pod} {primary}; do kubectl exec{n} $i -c redis -- redis-cli CONFIG"
            " GET 'tls-*'; done",
            expect="expected: tls-replication, tls-cluster and tls-port alike in all pods",
        ),
        Todo(what="write the same into each redis.conf, tls-replication above all; " + _SAY_SO),
    ),
    Refusal.CERTIFICATE: (
        Todo(
            what="which certificates have the two servers?",
            command="for i in {pod} {primary}; do kubectl exec{n} $i -c redis -- redis-cli CONFIG"
            " GET 'tls-*-file'; done",
            expect="the authority of each one's certificate has to be in the tls-ca-cert-file of"
            " the other, and both have to be valid now",
        ),
    ),
}
_FIX[Refusal.ENCRYPTED] = _FIX[Refusal.PLAIN]
_ABSENCE: Final = frozenset({Refusal.CLOSED, Refusal.SILENT})
"""Refusals that also occur if the primary is down. Then that is reported, and not the refusal."""


def turned_away(facts: Facts) -> list[Alarm]:
    """Return one alarm at most: why the primary refuses our replica, if the link stays down."""
    found, my = facts.snapshot.primary_answer, facts.my
    primary = my.member(my.myself.primary_id)
    if found is None or primary is None or my.link_up or not _lasting(facts, facts.me):
        return []
    refusal = found.refused
    if refusal is None or found.address != my.primary_host or replication.wrong_primary(my):
        return []
    if replication.blocked(facts):
        return []  # it has no password on purpose
    if refusal in _ABSENCE and not bus.connected(my, primary):
        return []
    me, there = facts.me.name, facts.pod_name(primary.node_id)
    said = found.said or f"it has refused PSYNC {found.copies_refused} times in a few seconds"
    why = (
        f"{me} has no link to its primary {there} at {found.address}:{found.port}:"
        f" {_CAUSES[refusal].format(pod=me, primary=there)} ({said}); what {me} holds lacks"
        f" the newest writes, and should {there} fail, they are lost"
    )
    fix = tuple(_filled(facts, one, there, found) for one in _FIX[refusal])
    return [Alarm(pod=me, code=Code.REPLICA_REFUSED, why=why, fix=fix, serves=False)]


def unlinked(facts: Facts, some: Iterable[tuple[Pod, View]]) -> tuple[Wait, ...]:
    """Return waits for the replicas without a link for long. Their own sidecars know the reason."""
    return tuple(
        Wait(
            pod=pod.name,
            what=f"a link to its primary {facts.pod_name(primary.node_id)} at"
            f" {view.primary_host}:{view.primary_port}",
            fix=ask_its_sidecar(facts, pod.name),
            usual=durations.COPIED,
        )
        for pod, view in some
        if (primary := _without_link(view)) is not None and _lasting(facts, pod)
    )


def ask_its_sidecar(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """Return the look at the replica's own sidecar, which knows the cause."""
    return (
        Todo(
            what=f"if it lasts: why has {pod} no link? Its own sidecar tries its primary's port",
            command=f"{commands.in_sidecar(facts.topology, pod)} python -m bootstrap status",
            expect="TROUBLE replica-refused names the cause; else it copies its primary's data",
        ),
    )


def _without_link(view: View) -> Member | None:
    """Return the primary of a replica without a link; else None."""
    if view.link_up or not view.myself.is_replica:
        return None
    return view.member(view.myself.primary_id)


def _lasting(facts: Facts, pod: Pod) -> bool:
    """Whether the link is down longer than a copy takes to begin, or a single look cannot tell."""
    seconds = facts.snapshot.timers.unlinked_for(pod.name)
    return seconds is None or seconds >= LASTING_SECONDS


def _which_differs(facts: Facts, primary: str) -> dict[str, str]:
    """Say whether the replica or the primary has the wrong password, by what the sidecar has."""
    me = facts.me.name
    if facts.topology.with_password:
        return {
            "others": f"The sidecar of {me} has one, so it is {primary} that differs",
            "mend": f"give {primary} the password of the others, by requirepass in its redis.conf,"
            " and restart it",
            "mend_cli": "",
        }
    return {
        "others": f"The sidecar of {me} has none either, so it is the masterauth of {me} that"
        " differs",
        "mend": f"take masterauth from {me}",
        "mend_cli": f"{commands.ask(facts.topology, me)} CONFIG SET masterauth ''",
    }


def _filled(facts: Facts, todo: Todo, primary: str, found: PrimaryAnswer) -> Todo:
    """Fill in the primary's pod, the command to its server, and the address that was tried."""
    cli = commands.ask(facts.topology, primary)
    filled = {"primary_cli": cli, "primary": primary, "address": found.address}
    filled |= _which_differs(facts, primary)
    return commands.filled(todo, facts.topology, facts.me.name, **filled)
