"""What to look at for a server that could not be read, by its trouble.

`commands.filled` fills in what stands in braces.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import acl
from bootstrap.model.snapshot import Trouble
from bootstrap.model.todo import Todo

SPOILT: Final = (
    Todo(
        what="from where has the sidecar its password?",
        command="kubectl get pod{n} {pod} -o yaml | grep -A 5 BOOTSTRAP_REDIS_PASSWORD",
        expect="secretKeyRef names the Secret and the key",
    ),
    Todo(
        what="write the key anew as the servers have it, without a line end, blanks, quotes, or"
        " having been encoded twice; then let the pods restart: kubectl rollout restart"
        " statefulset{n} {set}",
        command="kubectl patch secret NAME{n} --type merge -p"
        """ '{"stringData": {"KEY": "PASSWORD"}}'""",
        expect="NAME and KEY from above",
    ),
)
"""For a password that is refused, and has a line end or the like."""

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
    command="{cli} CONFIG GET bind",
    expect="an answer means that it runs; 127.0.0.1 or another address than the pod's: take `bind`"
    " out of redis.conf; no answer: it is down",
)

PROTECTED: Final = (
    Todo(
        what="is protected-mode on, and does its default user need a password?",
        command="{cli} CONFIG GET protected-mode; {cli} ACL GETUSER default",
        expect="expected: no; or yes, and no `nopass` among that user's flags. Passwords of other"
        " users do not count",
    ),
    Todo(
        what="give the default user a password, by requirepass or in the aclfile, and all sidecars"
        " the same (docs/security.md); where all log in as other users: `user default off"
        " resetpass`; where a NetworkPolicy keeps others out: `protected-mode no` in redis.conf",
    ),
)
"""For protected mode. `resetpass`, since after `off` alone the default user still has `nopass`
(acl.c)."""

LOOKS: Final[dict[Trouble, tuple[Todo, ...]]] = {
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
            command="{cli} PING",
            expect="PONG: the network is in the way; no answer: the server hangs, see its log:"
            " kubectl logs {pod}{n} -c redis --tail=20",
        ),
    ),
    Trouble.LOADING: (
        Todo(
            what="it reads its data; how far is it?",
            command="{cli} INFO persistence",
            expect="loading_loaded_perc grows: wait",
        ),
    ),
    Trouble.PASSWORD: (
        Todo(
            what="let the sidecar and {pod}'s server have one password: BOOTSTRAP_REDIS_PASSWORD"
            " or BOOTSTRAP_REDIS_PASSWORD_FILE, and the server's requirepass (or its ACL of the"
            " user {user}); which has the server?",
            command="kubectl exec{n} {pod} -c redis -- sh -c 'redis-cli CONFIG GET requirepass;"
            " redis-cli ACL LIST'",
            expect="an empty value: the server takes none; NOAUTH: it wants one. A server reads"
            " its redis.conf only at its start",
        ),
        Todo(
            what="has the server an aclfile? Its line `user {user}` beats requirepass, which"
            " CONFIG GET still shows; type a password that the server takes",
            command="kubectl exec{n} -it {pod} -c redis -- redis-cli{as_user} --askpass CONFIG GET"
            " aclfile",
            expect="an empty value: requirepass counts; a path: the password is set in that file,"
            " and read by ACL LOAD or at the next start",
        ),
    ),
    Trouble.PERMISSION: (
        Todo(
            what="what may the user {user} do? Ask as a user that may do all",
            command="kubectl exec{n} -it {pod} -c redis -- redis-cli --askpass ACL GETUSER {user}",
            expect="expected: `on`, and the rights of the next command",
        ),
        Todo(
            what="grant the user {user} all that the sidecar needs, on this server now, and in its"
            " aclfile or redis.conf for its next start",
            command="kubectl exec{n} -it {pod} -c redis -- redis-cli --askpass ACL SETUSER {user}"
            f" {acl.typed()}",
        ),
    ),
    Trouble.TLS: (
        Todo(
            what="compare BOOTSTRAP_TLS* with the tls-* settings of {pod}'s server",
            command="{cli} CONFIG GET 'tls*'",
            expect="tls-port 0 means that the server speaks no TLS; the sidecar expects TLS where"
            " BOOTSTRAP_TLS is true",
        ),
    ),
    Trouble.TLS_EXPIRED: (
        Todo(
            what="which certificate has {pod}'s server, and is that file renewed?",
            command="{cli} CONFIG GET 'tls-*-file'",
            expect="tls-cert-file names it; where it is not, renew it. Behind redis-cli: --tls"
            " --insecure, since the old one has expired, and --cert and --key with these paths",
        ),
        Todo(
            what="once the file is renewed: let the server read it, without a restart",
            command="kubectl exec{n} {pod} -c redis -- sh -c 'redis-cli CONFIG SET tls-cert-file"
            ' "$(redis-cli CONFIG GET tls-cert-file | tail -n 1)"\'',
            expect="expected: OK",
        ),
    ),
    Trouble.TLS_NAME: (
        Todo(
            what="is it {pod} that answers there?",
            command="kubectl get pod {pod}{n} -o wide",
            expect="expected: the address above; then let its certificate have the pod's full"
            " name, or that with * in place of the pod's, as subjectAltName",
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
            what="which line renames it: in the arguments of the StatefulSet, or in a ConfigMap?",
            command="kubectl get statefulset,configmap{n} -o yaml | grep -n -i rename-command",
            expect="expected: none. Take these lines out, and restart the servers one by one; a"
            " user may be kept from commands by an ACL instead (docs/security.md)",
        ),
        Todo(
            what="else in a file that {pod}'s container has by its image, a Secret or a script?",
            command="kubectl exec{n} {pod} -c redis -- sh -c 'find / -path /proc -prune -o -path"
            " /sys -prune -o -type f -size -64k -print0 | xargs -0 grep -Hins rename-command'",
            expect="expected: none; the first word of a line is its file. Where a script writes it"
            " by a variable, as REDIS_DISABLE_COMMANDS: kubectl get pod{n} {pod} -o yaml",
        ),
    ),
    Trouble.PROTECTED: PROTECTED,
    Trouble.CROWDED: (
        Todo(
            what="which clients hold the connections? Through one that is open already, or once"
            " one of them has ended",
            command="{cli} CLIENT LIST",
            expect="lines by addr and name: many of one application mean a pool that is too big, or"
            " connections that it does not close; mend that first",
        ),
        Todo(
            what="let the server take more, here and by maxclients in redis.conf",
            command="{cli} CONFIG SET maxclients 20000",
            expect="where it is turned away too, end connections at the application; a restart of"
            " the server ends all of them",
        ),
    ),
    Trouble.NOT_CLUSTER: (
        Todo(what="set `cluster-enabled yes` in redis.conf and restart the server of {pod}"),
    ),
    Trouble.UNSUPPORTED: (Todo(what="use redis 6.2 or later, or any valkey"),),
    Trouble.NOT_REDIS: (
        Todo(
            what="something else listens there: which port has {pod}'s server?",
            command="{cli} CONFIG GET '*port'",
            expect="expected: port {port}, as BOOTSTRAP_REDIS_PORT says; with TLS: tls-port {port}",
        ),
    ),
}
"""The first look comes first. `unreachable.fix` puts before it how the pod differs from others."""
