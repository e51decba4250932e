"""What is wrong with the environment is told at once: variable, expected, seen, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bootstrap.config import errors, identity, settings
from tests import pod_files

PLAIN = pod_files.PASSWORD
MINIMAL = {"POD_NAME": "redis-app-3", "BOOTSTRAP_SERVICE": "redis-service"}


@pytest.fixture
def pod(tmp_path: Path) -> identity.Files:
    """Return the files of an ordinary pod."""
    return pod_files.ordinary(tmp_path)


def faults_of(environ: Mapping[str, str], files: identity.Files) -> tuple[str, ...]:
    with pytest.raises(errors.ConfigurationError) as caught:
        settings.read(environ, files)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


# Variable, value, what was expected; the value must be seen, and an example or a way out given.
BAD_VALUES = [
    ("POD_NAME", "redis-app", "ends in its ordinal, as redis-app-3"),
    ("POD_NAME", "redis-app-3.redis-service", "a single DNS label"),
    ("POD_NAMESPACE", "Prod", "a single DNS label"),
    ("POD_NAMESPACE", "n" * 64, "at most 63 characters"),
    ("POD_IP", "10.1.2", "one IPv4 or IPv6 address"),
    ("POD_IP", "10.1.2.3,fd00::3", "one IPv4 or IPv6 address"),
    ("POD_IP", "0.0.0.0", "others reach this pod"),
    ("POD_IP", "fe80::1%eth0", "others reach this pod"),
    ("NODE_NAME", "host a", "only letters, digits, '.', '_' and '-'"),
    ("BOOTSTRAP_ZONE", "zöne", "only letters, digits, '.', '_' and '-'"),
    ("BOOTSTRAP_ZONE", "a\tb", "only letters, digits, '.', '_' and '-'"),
    ("BOOTSTRAP_SERVICE", "redis-service.default", "no dots"),
    ("BOOTSTRAP_CLUSTER_DOMAIN", "a..b", "a DNS domain as cluster.local"),
    ("BOOTSTRAP_SIZE", "six", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_SIZE", "0", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_SIZE", "-6", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_SIZE", "6.0", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_SIZE", "1_0", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_SIZE", "٦", "a whole number from 1 to 16384"),
    ("BOOTSTRAP_REPLICAS_PER_SHARD", "-1", "a whole number from 0 to 16384"),
    ("BOOTSTRAP_ALLOW_FEWER_SHARDS", "on", "true or false (or 1, 0, yes, no)"),
    ("BOOTSTRAP_FAST_FORM", "2", "true or false"),
    ("BOOTSTRAP_ORDINAL_START", "first", "a whole number from 0"),
    ("BOOTSTRAP_NODE_TIMEOUT", "15", "milliseconds, at least 100"),
    ("BOOTSTRAP_NODE_TIMEOUT", "soon", "milliseconds, at least 100"),
    ("BOOTSTRAP_REDIS_HOST", "127.0.0.1:6379", "a host name or an address, without a port"),
    ("BOOTSTRAP_REDIS_HOST", "[redis]", "a host name or an address, without a port"),
    ("BOOTSTRAP_REDIS_PORT", "65536", "a whole number from 1 to 65535"),
    ("BOOTSTRAP_REDIS_USERNAME", "a user", "an ACL user's name without blanks"),
    ("BOOTSTRAP_TLS", "enabled", "true or false"),
    ("BOOTSTRAP_NAMESERVERS", "dns.example:53", "addresses, not names"),
    ("BOOTSTRAP_NAMESERVERS", ",", "at least one address"),
    ("BOOTSTRAP_NAMESERVERS", "10.0.0.1:x", "from 1 to 65535 as the port"),
    ("BOOTSTRAP_NAMESERVERS", "10.0.0.1:", "from 1 to 65535 as the port"),
    ("BOOTSTRAP_HTTP", "8080", "host:port, IPv6 as [::1]:8080"),
    ("BOOTSTRAP_HTTP", "::1:8080", "host:port, IPv6 as [::1]:8080"),
    ("BOOTSTRAP_HTTP", "[x]:8080", "an IPv6 address between the brackets"),
    ("BOOTSTRAP_HTTP", "a b:8080", "host:port or off"),
    ("BOOTSTRAP_HTTP", ":0", "a whole number from 1 to 65535 as the port"),
    ("BOOTSTRAP_TIMEOUT", "0", "a duration above 0 as 10, 10s, 500ms, 2m or 1h"),
    ("BOOTSTRAP_TIMEOUT", "-5s", "a duration above 0"),
    ("BOOTSTRAP_INTERVAL", "1 day", "a duration above 0"),
    ("BOOTSTRAP_INTERVAL", "nan", "a duration above 0"),
    ("BOOTSTRAP_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
    ("BOOTSTRAP_LOG_FORMAT", "xml", "one of json, console"),
]


@pytest.mark.parametrize(("name", "text", "expected"), BAD_VALUES)
def test_a_bad_value_is_named_with_what_was_expected_and_seen(
    pod: identity.Files, name: str, text: str, expected: str
) -> None:
    (fault,) = faults_of({**MINIMAL, name: text}, pod)
    assert fault.startswith(f"{name}: expected ")
    assert expected in fault
    assert f"; saw {text!r}; set " in fault
    assert fault.count("\n") == 0


def fault_of_several(files: identity.Files, environ: Mapping[str, str]) -> str:
    (fault,) = faults_of({**MINIMAL, **environ}, files)
    return fault


@pytest.mark.parametrize(
    ("environ", "texts"),
    [
        (
            {"BOOTSTRAP_ORDINAL_START": "5"},
            ["BOOTSTRAP_ORDINAL_START: expected at most 3", "saw 5;", "spec.ordinals.start"],
        ),
        (
            {"BOOTSTRAP_REDIS_USERNAME": "boot"},
            [
                "BOOTSTRAP_REDIS_USERNAME: expected a password",
                "saw the user 'boot' alone",
                "set BOOTSTRAP_REDIS_PASSWORD_FILE",
            ],
        ),
        (
            {"BOOTSTRAP_REDIS_PASSWORD": PLAIN, "BOOTSTRAP_REDIS_PASSWORD_FILE": "/file"},
            [
                "BOOTSTRAP_REDIS_PASSWORD: expected either this or BOOTSTRAP_REDIS_PASSWORD_FILE",
                "saw both (the file is /file)",
                "unset one",
            ],
        ),
        (
            {"BOOTSTRAP_REDIS_PASSWORD_FILE": "/no/such"},
            [
                "BOOTSTRAP_REDIS_PASSWORD_FILE: expected a readable file",
                "saw password file /no/such can not be read (No such file or directory)",
                "check the path",
            ],
        ),
        (
            {"BOOTSTRAP_REDIS_PASSWORD": f"{PLAIN}\udcff"},
            ["BOOTSTRAP_REDIS_PASSWORD: expected UTF-8 text", "saw a value that is not shown"],
        ),
        (
            {"BOOTSTRAP_REDIS_HOST": f"redis://user:{PLAIN}@host:6379"},
            ["BOOTSTRAP_REDIS_HOST: expected a host name", "'redis://***@host:6379'"],
        ),
        (
            {"BOOTSTRAP_DATA_DIR": "/no/such"},
            [
                "BOOTSTRAP_DATA_DIR: expected a folder that can be read",
                "saw '/no/such' (No such file or directory)",
                "add the volumeMount to the sidecar (readOnly)",
            ],
        ),
        (
            {"BOOTSTRAP_TLS": "true", "BOOTSTRAP_TLS_CA_FILE": "/"},
            [
                "BOOTSTRAP_TLS_CA_FILE: expected a readable file, since BOOTSTRAP_TLS is on",
                "saw '/' (Is a directory)",
                "check the path",
            ],
        ),
        (
            {"BOOTSTRAP_TLS": "true", "BOOTSTRAP_TLS_CERT_FILE": "/dev/null"},
            [
                "BOOTSTRAP_TLS_KEY_FILE: expected to be set together with BOOTSTRAP_TLS_CERT_FILE",
                "saw nothing",
                "belongs to '/dev/null'",
            ],
        ),
        (
            {"BOOTSTRAP_TLS": "true", "BOOTSTRAP_TLS_KEY_FILE": "/dev/null"},
            ["BOOTSTRAP_TLS_CERT_FILE: expected to be set together with BOOTSTRAP_TLS_KEY_FILE"],
        ),
        (
            {"BOOTSTRAP_REDIS_PORT": "tcp://10.0.0.1:6379"},
            [
                "BOOTSTRAP_REDIS_PORT: expected a whole number",
                "saw 'tcp://10.0.0.1:6379'",
                "Kubernetes made it from the Service 'bootstrap-redis'",
                "enableServiceLinks: false",
            ],
        ),
        (
            {"NODE_NAME": f"x {'y' * 500}"},
            ["NODE_NAME: expected only letters", f"saw 'x {'y' * 78}...';"],
        ),
    ],
)
def test_what_does_not_fit_is_one_fault(
    pod: identity.Files, environ: Mapping[str, str], texts: list[str]
) -> None:
    fault = fault_of_several(pod, environ)
    for text in texts:
        assert text in fault
    assert PLAIN not in fault


def test_no_name_server_anywhere_is_a_fault(pod: identity.Files) -> None:
    pod.resolv.write_text("search prod.svc.k8s.example\n")
    fault = fault_of_several(pod, {})
    assert fault.startswith("BOOTSTRAP_NAMESERVERS: expected the address of a name server")
    assert f"saw none set, and none in {pod.resolv}; set it to" in fault


def test_all_faults_are_told_at_once_and_one_per_variable(pod: identity.Files) -> None:
    pod.hosts.write_text("")
    pod.resolv.write_text("")
    names = {name for name, *_ in BAD_VALUES}
    told = faults_of({name: text for name, text, _ in BAD_VALUES}, pod)
    assert {fault.partition(":")[0] for fault in told} == names
    assert len(told) == len(names)
