"""A server that could not be viewed: how long that usually lasts, and what to look at."""

from __future__ import annotations

from typing import Final

from bootstrap.core import rights
from bootstrap.core.model import Trouble
from bootstrap.core.plan import commands, usual
from bootstrap.core.plan.todo import Todo
from bootstrap.core.topology import Topology

#: Troubles that pass by themselves, with the usual seconds; all others are for a person.
USUAL: Final = {
    Trouble.REFUSED: usual.STARTED,
    Trouble.TIMEOUT: usual.CACHED,
    Trouble.LOADING: usual.STARTED,
}

_THERE: Final = Todo(
    what="is the pod there, and its container redis running?",
    command="kubectl get pod {pod}{n} -o wide",
    expect="expected: Running, and the address that the table shows; Pending: kubectl describe"
    " pod {pod}{n}; CrashLoopBackOff or Error: see its last words",
)
_LAST_WORDS: Final = Todo(
    what="what did its server say last, if its container has ended?",
    command="kubectl logs {pod}{n} -c redis --previous --tail=20",
    expect="the last lines name the fault; where there is no previous container, leave --previous"
    " out",
)

_DEAF: Final = Todo(
    what="does its server run, and listen for its own pod alone?",
    command="kubectl exec{n} {pod} -c redis -- redis-cli CONFIG GET bind",
    expect="an answer means that it runs; 127.0.0.1 or another address than the pod's: take `bind`"
    " out of redis.conf; no answer: it is down",
)

_FIX: Final[dict[Trouble, tuple[Todo, ...]]] = {
    Trouble.REFUSED: (_THERE, _LAST_WORDS, _DEAF),
    Trouble.TIMEOUT: (
        _THERE,
        Todo(
            what="does a NetworkPolicy keep its port from this pod?",
            command="kubectl get networkpolicy{n}",
            expect="expected: none, or one that lets the pods of the StatefulSet reach each other"
            " at {port} and at the bus port; where none is in the way, the server hangs",
        ),
        Todo(
            what="does the server answer in its own pod?",
            command="kubectl exec{n} {pod} -c redis -- redis-cli PING",
            expect="PONG: the network is in the way; no answer: the server hangs, see its log:"
            " kubectl logs {pod}{n} -c redis --tail=20",
        ),
    ),
    Trouble.LOADING: (
        Todo(
            what="it reads its data; how far is it?",
            command="kubectl exec{n} {pod} -c redis -- redis-cli INFO persistence",
            expect="loading_loaded_perc grows: wait",
        ),
    ),
    Trouble.PASSWORD: (
        Todo(
            what="let the sidecar and {pod}'s server have one password: BOOTSTRAP_REDIS_PASSWORD"
            " or BOOTSTRAP_REDIS_PASSWORD_FILE, and the server's requirepass (or the ACL of"
            " BOOTSTRAP_REDIS_USERNAME); which has the server?",
            command="kubectl exec{n} {pod} -c redis -- sh -c 'redis-cli CONFIG GET requirepass;"
            " redis-cli ACL LIST'",
            expect="an empty value: the server takes none; NOAUTH: it wants one. A server reads"
            " its redis.conf only at its start",
        ),
        Todo(
            what="has the server an aclfile? Its line `user default` (or that of"
            " BOOTSTRAP_REDIS_USERNAME) beats requirepass, which CONFIG GET still shows; as a user"
            " whom the server lets in",
            command="kubectl exec{n} -it {pod} -c redis -- redis-cli --askpass CONFIG GET aclfile",
            expect="an empty value: requirepass counts; a path: the password is set in that file,"
            " and read by ACL LOAD or at the next start",
        ),
    ),
    Trouble.PERMISSION: (
        Todo(
            what="grant the user of BOOTSTRAP_REDIS_USERNAME what it lacks; all that it needs",
            command=f"ACL SETUSER USER {rights.rule()}",
        ),
    ),
    Trouble.TLS: (
        Todo(
            what="compare BOOTSTRAP_TLS* with the tls-* settings of {pod}'s server",
            command="kubectl exec{n} {pod} -c redis -- redis-cli CONFIG GET 'tls*'",
            expect="tls-port 0 means that the server speaks no TLS",
        ),
    ),
    Trouble.TLS_EXPIRED: (
        Todo(
            what="renew the certificate of {pod}; where that is done, its Redis still has to read"
            " it, from the path that it has",
            command="kubectl exec{n} {pod} -c redis -- redis-cli CONFIG SET tls-cert-file PATH",
        ),
    ),
    Trouble.TLS_NAME: (
        Todo(
            what="let {pod}'s certificate have its full name, or one with * in place of the pod's,"
            " as subjectAltName; and is that its address?",
            command="kubectl get pod {pod}{n} -o wide",
        ),
    ),
    Trouble.TLS_UNTRUSTED: (
        Todo(
            what="let BOOTSTRAP_TLS_CA_FILE hold the authority of {pod}'s certificate; while one"
            " authority takes another's place, both"
        ),
    ),
    Trouble.TLS_OURS: (
        Todo(
            what="let BOOTSTRAP_TLS_CERT_FILE and BOOTSTRAP_TLS_KEY_FILE be a valid certificate"
            " from an authority in tls-ca-cert-file of {pod}'s server"
        ),
    ),
    Trouble.COMMAND: (
        Todo(
            what="which commands has redis.conf of {pod}'s server renamed?",
            command="kubectl exec{n} {pod} -c redis -- grep -rns rename-command /etc /usr/local"
            " /opt",
            expect="expected: none. Take these lines out, and restart the servers one by one; a"
            " user may be kept from commands by an ACL instead (docs/security.md)",
        ),
    ),
    Trouble.PROTECTED: (
        Todo(
            what="give the servers a password, or set `protected-mode no` in redis.conf where a"
            " NetworkPolicy keeps others out; which has {pod}'s server?",
            command="kubectl exec{n} {pod} -c redis -- redis-cli CONFIG GET protected-mode",
            expect="expected: no, or a password; with it on and none set, a server speaks with its"
            " own pod alone",
        ),
    ),
    Trouble.NOT_CLUSTER: (
        Todo(what="set `cluster-enabled yes` in redis.conf and restart the server of {pod}"),
    ),
    Trouble.UNSUPPORTED: (Todo(what="use redis 6.2 or later, or any valkey"),),
    Trouble.NOT_REDIS: (
        Todo(
            what="something else listens there: compare BOOTSTRAP_REDIS_PORT={port} with the port"
            " of {pod}'s server",
            command="kubectl exec{n} {pod} -c redis -- redis-cli CONFIG GET port",
        ),
    ),
}


def fix(trouble: Trouble, topology: Topology, pod: str) -> tuple[Todo, ...]:
    """What to look at, for one pod."""
    return tuple(commands.filled(one, topology, pod) for one in _FIX[trouble])
