"""The settings that come from environment variables.

A new variable is a field of `Declared`, with parser, default and meaning. `--help`, the table in
docs/reference.md and the hints for misspelt names follow from the field. A value that depends on
another variable or on a file also needs a function in `checks`, which `settings.read` calls.
"""

# ruff: noqa: RUF009 - what is called in the class body only describes a field, as field() does

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from bootstrap.config import checks, environment, parsers, secret
from bootstrap.model.wish import Wish


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The settings that come from variables, in the order in which people are shown them."""

    # The pod.
    pod_name: str = environment.derived(
        "POD_NAME",
        parsers.label,
        "the hostname",
        meaning="This pod's name: `redis-app-3` is StatefulSet `redis-app`, ordinal 3.",
        example="redis-app-3",
    )
    namespace: str = environment.derived(
        "POD_NAMESPACE",
        parsers.label,
        "the service-account file, else the third label of the FQDN in /etc/hosts, else `default`",
        meaning="This pod's namespace.",
        example="default",
    )
    pod_ip: str | None = environment.optional(
        "POD_IP",
        parsers.address,
        "the FQDN's address in /etc/hosts, else the source address of a connection to the seed",
        meaning="The address that is announced to the cluster.",
        example="10.1.2.3",
    )
    node_name: str | None = environment.optional(
        "NODE_NAME",
        parsers.place,
        meaning="The host of this pod. A replica is kept off its primary's host.",
        example="worker-1",
    )
    zone: str | None = environment.optional(
        "BOOTSTRAP_ZONE",
        parsers.place,
        meaning="The zone of this pod. A replica is kept out of its primary's zone.",
        example="europe-west1-b",
    )
    service: str = environment.derived(
        "BOOTSTRAP_SERVICE",
        parsers.label,
        "the second label of the FQDN in /etc/hosts (`hostname -f`)",
        meaning="The headless Service, `spec.serviceName` of the StatefulSet.",
        example="redis-service",
    )
    domain: str = environment.derived(
        "BOOTSTRAP_CLUSTER_DOMAIN",
        parsers.domain,
        "what follows `svc.` in the FQDN in /etc/hosts, else in resolv.conf's search list, else"
        " `cluster.local`",
        meaning="The Kubernetes cluster's DNS domain.",
        example="cluster.local",
    )

    # The cluster.
    size: int | None = environment.optional(
        "BOOTSTRAP_SIZE",
        parsers.integer(1, checks.SLOTS),
        "required to form",
        meaning="The number of pods that form the cluster. Other pods join later.",
        example="6",
    )
    replicas_per_shard: int = environment.required(
        "BOOTSTRAP_REPLICAS_PER_SHARD",
        parsers.integer(0, checks.SLOTS),
        "1",
        meaning="There are `BOOTSTRAP_SIZE` // (1 + this) shards: with 2, nine pods make three."
        " Pods left over become more replicas.",
    )
    allow_fewer_shards: bool = environment.required(
        "BOOTSTRAP_ALLOW_FEWER_SHARDS",
        parsers.boolean,
        "false",
        meaning="Form even with fewer than 3 shards, where a lost primary is not replaced.",
    )
    wish: Wish | None = environment.optional(
        "BOOTSTRAP_SHARDS",
        parsers.wish,
        "unset: no slot is moved",
        meaning="The number of shards that the cluster should have, or `hold`: no slot is moved."
        " Servers before Valkey 9.0 and Redis 8.4 form as many, and move no slots.",
        example="4",
    )
    wish_file: Path | None = environment.optional(
        "BOOTSTRAP_SHARDS_FILE",
        parsers.path,
        meaning="A file with this number, instead of `BOOTSTRAP_SHARDS`. It may change while the"
        " sidecar runs.",
        example="/etc/bootstrap/shards",
    )
    ordinal_start: int = environment.required(
        "BOOTSTRAP_ORDINAL_START",
        parsers.integer(0, 999_999_999),
        "0",
        meaning="`spec.ordinals.start` of the StatefulSet.",
    )
    fast_form: bool = environment.required(
        "BOOTSTRAP_FAST_FORM",
        parsers.boolean,
        "true",
        meaning="Lower some of the servers' timers while forming, and put them back afterwards.",
    )
    node_timeout: int = environment.required(
        "BOOTSTRAP_NODE_TIMEOUT",
        parsers.milliseconds,
        # The servers' default: cluster-node-timeout in config.c.
        "15000",
        meaning="The servers' `cluster-node-timeout` outside of forming. A number alone is in"
        " milliseconds.",
    )

    # The start gate.
    data_dir: Path | None = environment.optional(
        "BOOTSTRAP_DATA_DIR",
        parsers.path,
        "unset: no start gate",
        meaning="Where the data volume of Redis is mounted read-only, for the start gate.",
        example="/data",
    )
    gate_timeout: float | None = environment.optional(
        "BOOTSTRAP_GATE_TIMEOUT",
        parsers.seconds,
        "3 x `BOOTSTRAP_NODE_TIMEOUT`",
        meaning="How long the start gate may be shut before `BOOTSTRAP_GATE_ON_TIMEOUT` decides.",
        example="45s",
    )
    gate_on_timeout: Literal["hold", "open"] = environment.required(
        "BOOTSTRAP_GATE_ON_TIMEOUT",
        parsers.choice("hold", "open"),
        "hold",
        meaning="After `BOOTSTRAP_GATE_TIMEOUT`, `hold` keeps Redis down until the reason is gone"
        " or you act, and `open` starts Redis, though data may be lost. With `copied-volume` it has"
        " no effect.",
    )

    adopt: str | None = environment.optional(
        "BOOTSTRAP_ADOPT",
        parsers.adopted,
        meaning="The StatefulSet that the volumes were copied from, if it is gone for good: the"
        " hostname that one of its pods announced, without `-` and the ordinal. Usually"
        " `STATEFULSET.SERVICE.NAMESPACE.svc.DOMAIN`. The nodes on the volumes become this set's.",
        example="redis-app.redis-service.prod.svc.cluster.local",
    )
    handover_timeout: float = environment.required(
        "BOOTSTRAP_HANDOVER_TIMEOUT",
        parsers.seconds,
        "20s",
        meaning="How long the hand-over of a primary's role before a shutdown may take. The"
        " component sets 15s.",
    )
    handover_token: secret.Secret | None = environment.made_of(
        environment.Variable(
            name="BOOTSTRAP_HANDOVER_TOKEN",
            parse=parsers.token,
            meaning="The token that a request for /handover has to send, as `Authorization: Bearer"
            " TOKEN`.",
            example="at-least-8-characters",
            secret=True,
        )
    )

    # The way to Redis.
    redis_host: str = environment.required(
        "BOOTSTRAP_REDIS_HOST", parsers.host, "127.0.0.1", meaning="The local Redis."
    )
    redis_port: int = environment.required(
        "BOOTSTRAP_REDIS_PORT",
        parsers.integer(1, parsers.LAST_PORT),
        "6379",
        meaning="The port of the local Redis, and of all peers.",
    )
    credentials: secret.Credentials = environment.made_of(
        environment.Variable(
            name="BOOTSTRAP_REDIS_USERNAME",
            parse=parsers.username,
            meaning="The ACL user as which the sidecar logs in. It also becomes the servers'"
            " `masteruser`.",
            example="bootstrap",
        ),
        environment.Variable(
            name="BOOTSTRAP_REDIS_PASSWORD",
            parse=parsers.password,
            meaning="The password of this user, else of `default`. It also becomes the servers'"
            " `masterauth`.",
            example="...",
            secret=True,
        ),
        environment.Variable(
            name="BOOTSTRAP_REDIS_PASSWORD_FILE",
            parse=parsers.path,
            meaning="A file with the password, instead of `BOOTSTRAP_REDIS_PASSWORD`. It may be"
            " replaced while the sidecar runs.",
            example="/run/secrets/redis/password",
        ),
    )
    tls: bool = environment.required(
        "BOOTSTRAP_TLS",
        parsers.boolean,
        "false",
        meaning="Speak TLS. Each server's certificate must have the FQDN of its pod.",
    )
    tls_ca_file: Path | None = environment.optional(
        "BOOTSTRAP_TLS_CA_FILE",
        parsers.path,
        "the system's",
        meaning="Certificates of the authorities that the servers' certificates come from. This"
        " file and the next two may be replaced while the sidecar runs.",
        example="/tls/ca.crt",
    )
    tls_cert_file: Path | None = environment.optional(
        "BOOTSTRAP_TLS_CERT_FILE",
        parsers.path,
        meaning="The sidecar's certificate, for servers that ask clients for one. Set it together"
        " with `BOOTSTRAP_TLS_KEY_FILE`.",
        example="/tls/tls.crt",
    )
    tls_key_file: Path | None = environment.optional(
        "BOOTSTRAP_TLS_KEY_FILE",
        parsers.path,
        meaning="The key of the sidecar's certificate.",
        example="/tls/tls.key",
    )
    nameservers: tuple[tuple[str, int], ...] = environment.derived(
        "BOOTSTRAP_NAMESERVERS",
        parsers.nameservers,
        "resolv.conf",
        meaning="Name servers, address or address:port, separated by commas.",
        example="127.0.0.1:5353",
    )

    # The run.
    http: tuple[str, int] | None = environment.required(
        "BOOTSTRAP_HTTP",
        parsers.listener,
        ":8080",
        meaning="Where probes, metrics and status are served, host:port, or `off`.",
    )
    timeout: float | None = environment.optional(
        "BOOTSTRAP_TIMEOUT",
        parsers.seconds,
        "wait for ever; 300s with --once",
        meaning="How long the sidecar tries to reach its goal before it ends. The time begins anew"
        " when the goal is reached and lost again.",
        example="10m",
    )
    interval: float = environment.required(
        "BOOTSTRAP_INTERVAL",
        parsers.seconds,
        "10s",
        meaning="Time between looks when all is well, varied at random. It is far less while the"
        " cluster is not yet in order.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = environment.required(
        "BOOTSTRAP_LOG_LEVEL",
        parsers.choice("debug", "info", "warning", "error"),
        "info",
        meaning="The least important events that are logged: debug, info, warning, error.",
    )
    log_format: Literal["json", "console"] = environment.derived(
        "BOOTSTRAP_LOG_FORMAT",
        parsers.choice("json", "console"),
        "json unless stdout is a tty",
        meaning="How events are logged: json or console.",
        example="console",
    )
