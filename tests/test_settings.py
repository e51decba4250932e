"""What the environment and the pod's files say becomes settings; see test_settings_faults for the rest."""

from __future__ import annotations

import copy
import dataclasses
import json
import traceback
from pathlib import Path
from typing import Any

import pytest

from bootstrap.config import environment, errors, identity, secret, settings
from bootstrap.model.wish import HOLD, Wish
from bootstrap.run import setup
from tests import pod_files

PLAIN = pod_files.PASSWORD
MINIMAL = {"POD_NAME": "redis-app-3", "BOOTSTRAP_SERVICE": "redis-service"}


@pytest.fixture
def pod(tmp_path: Path) -> identity.Files:
    """Return the files of an ordinary pod."""
    return pod_files.ordinary(tmp_path)


def test_an_ordinary_pod_needs_nothing_but_its_size(pod: identity.Files) -> None:
    assert settings.read({"BOOTSTRAP_SIZE": "6"}, pod) == settings.Settings(
        pod_name="redis-app-3",
        statefulset="redis-app",
        ordinal=3,
        namespace="prod",
        service="redis-service",
        domain="k8s.example",
        pod_ip="10.1.2.3",
        node_name=None,
        zone=None,
        size=6,
        replicas_per_shard=1,
        allow_fewer_shards=False,
        wish=None,
        wish_file=None,
        ordinal_start=0,
        fast_form=True,
        node_timeout=15000,
        data_dir=None,
        gate_timeout=None,
        gate_on_timeout="hold",
        adopt=None,
        handover_timeout=20.0,
        handover_token=None,
        redis_host="127.0.0.1",
        redis_port=6379,
        credentials=secret.Credentials(),
        tls=False,
        tls_ca_file=None,
        tls_cert_file=None,
        tls_key_file=None,
        nameservers=(("10.96.0.10", 53), ("fd00::a", 53)),
        dns_source=str(pod.resolv),
        http=("", 8080),
        timeout=None,
        interval=10.0,
        log_level="info",
        log_format="json",
    )


def test_names_and_numbers_that_follow(pod: identity.Files) -> None:
    found = settings.read({"BOOTSTRAP_SIZE": "7", "BOOTSTRAP_ORDINAL_START": "3"}, pod)
    assert found.hostname == "redis-app-3.redis-service.prod.svc.k8s.example"
    assert found.fqdn == "redis-app-3.redis-service.prod.svc.k8s.example."
    assert found.service_fqdn == "redis-service.prod.svc.k8s.example."
    assert found.hostname_of(12) == "redis-app-12.redis-service.prod.svc.k8s.example"
    assert found.pod_of(12) == "redis-app-12"
    assert found.shards == 3
    assert found.is_seed
    assert settings.read({}, pod).shards is None
    assert not settings.read({}, pod).is_seed


ADOPTED = "redis-app.redis-service.prod.svc.corp.example"
VALUES: list[tuple[str, str, str, Any]] = [
    ("POD_NAME", "r-12", "ordinal", 12),
    ("POD_NAMESPACE", "other", "namespace", "other"),
    ("POD_IP", "fd00:0:0::7", "pod_ip", "fd00::7"),
    ("POD_IP", "127.0.0.5", "pod_ip", "127.0.0.5"),
    ("NODE_NAME", "worker-1.example", "node_name", "worker-1.example"),
    ("BOOTSTRAP_ZONE", "zone_1", "zone", "zone_1"),
    ("BOOTSTRAP_SERVICE", "s", "service", "s"),
    ("BOOTSTRAP_CLUSTER_DOMAIN", "Corp.Example.", "domain", "corp.example"),
    ("BOOTSTRAP_SIZE", " 12\n", "size", 12),
    ("BOOTSTRAP_REPLICAS_PER_SHARD", "0", "replicas_per_shard", 0),
    ("BOOTSTRAP_SHARDS", " 4 ", "wish", Wish(4)),
    ("BOOTSTRAP_SHARDS", "Hold", "wish", HOLD),
    *(
        ("BOOTSTRAP_ALLOW_FEWER_SHARDS", text, "allow_fewer_shards", True)
        for text in ("true", "True", "1", "yes", "YES")
    ),
    *(("BOOTSTRAP_FAST_FORM", text, "fast_form", False) for text in ("false", "FALSE", "0", "no")),
    ("BOOTSTRAP_ORDINAL_START", "3", "ordinal_start", 3),
    ("BOOTSTRAP_NODE_TIMEOUT", "5000", "node_timeout", 5000),
    ("BOOTSTRAP_NODE_TIMEOUT", "5s", "node_timeout", 5000),
    ("BOOTSTRAP_DATA_DIR", "/", "data_dir", Path("/")),
    ("BOOTSTRAP_GATE_TIMEOUT", "2m", "gate_seconds", 120.0),
    ("BOOTSTRAP_NODE_TIMEOUT", "5000", "gate_seconds", 15.0),
    ("BOOTSTRAP_ADOPT", "Redis-App.redis-service.prod.svc.Corp.example.", "adopt", ADOPTED),
    ("BOOTSTRAP_HANDOVER_TIMEOUT", "1m", "handover_timeout", 60.0),
    ("BOOTSTRAP_HANDOVER_TOKEN", "open-sesame", "handover_token", secret.Secret("open-sesame")),
    ("BOOTSTRAP_GATE_ON_TIMEOUT", "Open", "gate_on_timeout", "open"),
    ("BOOTSTRAP_REDIS_HOST", "redis.local", "redis_host", "redis.local"),
    ("BOOTSTRAP_REDIS_HOST", "[::1]", "redis_host", "::1"),
    ("BOOTSTRAP_REDIS_PORT", "7000", "redis_port", 7000),
    ("BOOTSTRAP_TLS", "yes", "tls", True),
    ("BOOTSTRAP_NAMESERVERS", "127.0.0.1:5353", "nameservers", (("127.0.0.1", 5353),)),
    (
        "BOOTSTRAP_NAMESERVERS",
        "10.0.0.10, [::1]:5353,::1,[fd00::a]:53",
        "nameservers",
        (("10.0.0.10", 53), ("::1", 5353), ("::1", 53), ("fd00::a", 53)),
    ),
    ("BOOTSTRAP_HTTP", "127.0.0.1:9090", "http", ("127.0.0.1", 9090)),
    ("BOOTSTRAP_HTTP", "[::]:9090", "http", ("::", 9090)),
    ("BOOTSTRAP_HTTP", "Off", "http", None),
    ("BOOTSTRAP_TIMEOUT", "10", "timeout", 10.0),
    ("BOOTSTRAP_TIMEOUT", "10s", "timeout", 10.0),
    ("BOOTSTRAP_TIMEOUT", "500ms", "timeout", 0.5),
    ("BOOTSTRAP_TIMEOUT", "2m", "timeout", 120.0),
    ("BOOTSTRAP_INTERVAL", "1.5", "interval", 1.5),
    ("BOOTSTRAP_LOG_LEVEL", "DEBUG", "log_level", "debug"),
    ("BOOTSTRAP_LOG_FORMAT", "console", "log_format", "console"),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), VALUES)
def test_values(pod: identity.Files, name: str, text: str, field: str, value: object) -> None:
    environ = {**MINIMAL, name: text}
    assert getattr(settings.read(environ, pod), field) == value


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_empty_means_unset(pod: identity.Files, blank: str) -> None:
    empty = {one.name: "" if one.secret else blank for one in settings.table()}
    assert settings.read(empty, pod) == settings.read({}, pod)


def test_one_source_of_the_wish(pod: identity.Files) -> None:
    both = {"BOOTSTRAP_SHARDS": "4", "BOOTSTRAP_SHARDS_FILE": "/etc/bootstrap/shards"}
    with pytest.raises(errors.ConfigurationError, match="either this or BOOTSTRAP_SHARDS_FILE"):
        settings.read({**MINIMAL, **both}, pod)


@pytest.mark.parametrize("text", ["0", "four", "-3", "16385"])
def test_what_is_no_wish(pod: identity.Files, text: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="from 1 to 16384, or hold"):
        settings.read({**MINIMAL, "BOOTSTRAP_SHARDS": text}, pod)


def test_every_variable_is_tried_above_or_is_about_credentials_or_files() -> None:
    rest = {one.name for one in settings.table()} - {name for name, *_ in VALUES}
    assert all("PASSWORD" in name or "USERNAME" in name or "FILE" in name for name in rest), rest


@pytest.mark.parametrize(("tty", "log_format"), [(True, "console"), (False, "json")])
def test_the_log_is_for_who_reads_it(pod: identity.Files, tty: bool, log_format: str) -> None:
    assert settings.read({}, pod, tty=tty).log_format == log_format
    forced = settings.read({"BOOTSTRAP_LOG_FORMAT": "json"}, pod, tty=tty)
    assert forced.log_format == "json"


def test_every_example_is_a_valid_value(pod: identity.Files) -> None:
    for variable in settings.table():
        variable.parse(variable.example)
        if variable.default is not None:
            variable.parse(variable.default)
    assert settings.read({"BOOTSTRAP_SIZE": "6"}, pod).size == 6


def test_few_shards_are_allowed_when_asked_for(pod: identity.Files) -> None:
    environ = {"BOOTSTRAP_SIZE": "2", "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}
    assert settings.read(environ, pod).shards == 1


def test_tls_files_matter_only_with_tls(pod: identity.Files) -> None:
    environ = {"BOOTSTRAP_TLS_CA_FILE": "/no/such", "BOOTSTRAP_TLS_KEY_FILE": "/no/such"}
    assert settings.read(environ, pod).tls is False
    file = str(pod.hosts)
    names = [f"BOOTSTRAP_TLS_{which}_FILE" for which in ("CA", "CERT", "KEY")]
    found = settings.read({"BOOTSTRAP_TLS": "true", **dict.fromkeys(names, file)}, pod)
    assert {found.tls_ca_file, found.tls_cert_file, found.tls_key_file} == {pod.hosts}


def test_passwords_are_taken_as_they_are(pod: identity.Files, tmp_path: Path) -> None:
    found = settings.read(
        {"BOOTSTRAP_REDIS_PASSWORD": " x ", "BOOTSTRAP_REDIS_USERNAME": "boot"}, pod
    )
    assert (found.credentials.username, found.credentials.current()) == ("boot", " x ")
    found = settings.read({"BOOTSTRAP_REDIS_PASSWORD_FILE": str(tmp_path / "password")}, pod)
    assert found.credentials.current() == PLAIN


def test_settings_do_not_show_the_password(pod: identity.Files, tmp_path: Path) -> None:
    for environ in (
        {"BOOTSTRAP_REDIS_PASSWORD": PLAIN},
        {"BOOTSTRAP_REDIS_PASSWORD_FILE": str(tmp_path / "password")},
    ):
        found = settings.read(environ, pod)
        assert found.credentials.current() == PLAIN
        shown = [
            repr(found),
            str(found),
            f"{found}",
            str(dataclasses.asdict(found)),
            str(dataclasses.astuple(found)),
            json.dumps(dataclasses.asdict(found), default=str),
            repr(copy.deepcopy(found)),
            "".join(traceback.format_exception(ValueError(found))),
        ]
        assert not [text for text in shown if PLAIN in text]
        assert hash(found) == hash(settings.read(environ, pod))


@pytest.mark.parametrize("token", [PLAIN[:7], f"{PLAIN} {PLAIN}", f"{PLAIN}\n"])
def test_a_token_that_no_header_can_bear_is_a_fault_that_does_not_show_it(
    pod: identity.Files, token: str
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        settings.read({"BOOTSTRAP_HANDOVER_TOKEN": token}, pod)
    assert "BOOTSTRAP_HANDOVER_TOKEN: expected at least 8 printable" in str(caught.value)
    assert token[:7] not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("BOOTSTRAP_SIZ", "6", "did you mean BOOTSTRAP_SIZE?"),
        ("BOOTSTRAP_POD_NAME", "x-1", "did you mean POD_NAME?"),
        ("BOOTSTRAP_REDIS_PASWORD", PLAIN, "did you mean BOOTSTRAP_REDIS_PASSWORD?"),
        ("BOOTSTRAP_REDS_PORT", "7000", "did you mean BOOTSTRAP_REDIS_PORT?"),
        ("BOOTSTRAP_QQ", "", "--help lists those that are"),
    ],
)
def test_unknown_variables_are_warned_of_without_their_value(
    pod: identity.Files, name: str, value: str, hint: str
) -> None:
    (warning,) = settings.read({name: value}, pod).unknown
    assert warning == f"{name} is not a variable of bootstrap; {hint}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOOTSTRAP_SERVICE_HOST", "10.0.0.1"),
        ("BOOTSTRAP_SERVICE_PORT", "6379"),
        ("BOOTSTRAP_SERVICE_PORT_REDIS", "6379"),
        ("BOOTSTRAP_PORT", "tcp://10.0.0.1:6379"),
        ("BOOTSTRAP_PORT_6379_TCP", "tcp://10.0.0.1:6379"),
        ("BOOTSTRAP_PORT_6379_TCP_PROTO", "tcp"),
        ("BOOTSTRAP_PORT_6379_TCP_PORT", "6379"),
        ("BOOTSTRAP_PORT_6379_TCP_ADDR", "10.0.0.1"),
        ("BOOTSTRAP_REDIS_SERVICE_HOST", "10.0.0.1"),
        ("BOOTSTRAP_DNS_PORT", "udp://10.0.0.1:53"),
        ("BOOTSTRAP_DNS_PORT_53_UDP", "udp://10.0.0.1:53"),
        ("BOOTSTRAP_", ""),
        ("OTHER_SIZE", "6"),
        ("POD_NAMES", "x"),
    ],
)
def test_what_kubernetes_or_others_set_is_no_mistake(
    pod: identity.Files, name: str, value: str
) -> None:
    assert settings.read({name: value}, pod).unknown == ()


def test_help_and_table_show_every_variable_with_its_default() -> None:
    table = settings.table()
    assert len({one.name for one in table}) == len(table)
    text, rows = environment.as_help(table), environment.as_markdown(table).splitlines()
    assert len(rows) == 2 + len(table)
    for one, row in zip(table, rows[2:], strict=True):
        assert f"  {one.name} ({one.shown_default})\n" in text
        assert row == f"| `{one.name}` | {one.shown_default} | {one.meaning} |"
        assert one.meaning.endswith(".")


def test_a_parser_that_breaks_is_not_taken_for_a_fault() -> None:
    def broken(_text: str) -> int:
        raise ValueError("a bug")

    variable = environment.Variable(name="X", parse=broken, meaning="", example="")
    with pytest.raises(ValueError, match="a bug"):
        environment.parse([variable], {"X": "1"}, errors.Faults())


def test_exit_statuses_are_what_scripts_rely_on() -> None:
    assert {status.name: int(status) for status in errors.Exit} == {
        "REACHED": 0,
        "FAILED": 1,
        "NOT_YET": 2,
        "BLOCKED": 3,
        "USAGE": 64,
        "CONFIGURATION": 78,
    }


@pytest.mark.parametrize(
    ("size", "environ", "fits"),
    [
        ("5", {}, False),
        ("6", {}, True),
        ("8", {"BOOTSTRAP_REPLICAS_PER_SHARD": "2"}, False),
        ("9", {"BOOTSTRAP_REPLICAS_PER_SHARD": "2"}, True),
        ("1", {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}, False),
        ("2", {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}, True),
    ],
)
def test_a_size_that_is_too_small_is_kept_from_forming(
    pod: identity.Files, size: str, environ: dict[str, str], fits: bool
) -> None:
    """And is no fault: who scales a set in is not to lose a pod by it."""
    found = settings.read({**MINIMAL, "BOOTSTRAP_SIZE": size, **environ}, pod)
    assert (found.size, found.size_refused) == ((int(size), None) if fits else (None, int(size)))
    assert (setup.topology(found).size, setup.topology(found).size_refused) == (
        found.size,
        found.size_refused,
    )
