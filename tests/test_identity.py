"""Who this pod is, from the texts that Kubernetes puts into a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.config import errors, identity

LOCALHOST = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
FQDN = "redis-app-3.redis-service.prod.svc.k8s.example"
HOSTS = f"# Kubernetes-managed hosts file.\n{LOCALHOST}10.1.2.3\t{FQDN}\tredis-app-3\n"
DUAL_STACK = f"{HOSTS}fd00:0:0::3\t{FQDN}\tredis-app-3\n"
IPV6_FIRST = (
    f"# Kubernetes-managed hosts file.\n{LOCALHOST}fd00:0:0::3\t{FQDN}\tredis-app-3\n"
    f"10.1.2.3\t{FQDN}\tredis-app-3\n"
)
NO_SUBDOMAIN = f"# Kubernetes-managed hosts file.\n{LOCALHOST}10.1.2.3\tredis-app-3\n"
ALIASED = f"""\
# Kubernetes-managed hosts file.
{LOCALHOST}
# Entries added by HostAliases.
10.9.9.9\tredis-app-3.other.elsewhere.svc.cluster.local\tredis-app-3
"""
HOST_NETWORK = (
    "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n127.0.1.1 w-3\n"
)
RESOLV = """\
nameserver 10.96.0.10
search prod.svc.k8s.example svc.k8s.example k8s.example eu.compute.internal
options ndots:5
"""


def derive(around: identity.Surroundings, given: identity.Given | None = None) -> identity.Identity:
    faults = errors.Faults()
    found = identity.derive(given or identity.Given(), around, faults)
    faults.raise_any()
    assert found
    return found


@pytest.mark.parametrize(
    ("around", "given", "expected"),
    [
        pytest.param(
            identity.Surroundings(
                hostname="redis-app-3", hosts=HOSTS, namespace="prod", resolv=RESOLV
            ),
            identity.Given(),
            ("redis-app-3", "prod", "redis-service", "k8s.example", "10.1.2.3"),
            id="as in a pod",
        ),
        pytest.param(
            identity.Surroundings(hostname=FQDN, hosts=HOSTS),
            identity.Given(),
            ("redis-app-3", "prod", "redis-service", "k8s.example", "10.1.2.3"),
            id="setHostnameAsFQDN",
        ),
        pytest.param(
            identity.Surroundings(hostname=FQDN),
            identity.Given(),
            ("redis-app-3", "prod", "redis-service", "k8s.example", None),
            id="only the hostname, and it is an FQDN",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=DUAL_STACK),
            identity.Given(),
            ("redis-app-3", "prod", "redis-service", "k8s.example", "10.1.2.3"),
            id="dual stack, IPv4 first",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=IPV6_FIRST),
            identity.Given(),
            ("redis-app-3", "prod", "redis-service", "k8s.example", "fd00::3"),
            id="dual stack, IPv6 first, in its usual form",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=HOSTS, namespace="other"),
            identity.Given(),
            ("redis-app-3", "other", "redis-service", "k8s.example", "10.1.2.3"),
            id="the service account's namespace goes before the FQDN's",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=NO_SUBDOMAIN, resolv=RESOLV),
            identity.Given(service="svc-1"),
            ("redis-app-3", "default", "svc-1", "k8s.example", "10.1.2.3"),
            id="no FQDN: the domain from the search list, the namespace by default",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3"),
            identity.Given(service="svc-1"),
            ("redis-app-3", "default", "svc-1", "cluster.local", None),
            id="nothing but a hostname",
        ),
        pytest.param(
            identity.Surroundings(
                hostname="redis-app-3", hosts=HOSTS, namespace="other", resolv=RESOLV
            ),
            identity.Given(
                pod_name="redis-app-3", namespace="n", pod_ip="1.1.1.1", service="s", domain="d"
            ),
            ("redis-app-3", "n", "s", "d", "1.1.1.1"),
            id="what is given goes before everything",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=HOSTS),
            identity.Given(pod_name="redis-app-4", service="s"),
            ("redis-app-4", "default", "s", "cluster.local", None),
            id="another pod's line says nothing about this one",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts=ALIASED),
            identity.Given(service="s"),
            ("redis-app-3", "default", "s", "cluster.local", None),
            id="aliases are not the pod's own name",
        ),
        pytest.param(
            identity.Surroundings(hostname="redis-app-3", hosts="127.0.1.1 redis-app-3\n"),
            identity.Given(service="s"),
            ("redis-app-3", "default", "s", "cluster.local", None),
            id="loopback is nobody's address",
        ),
        pytest.param(
            identity.Surroundings(hostname="worker-3", hosts=HOST_NETWORK, resolv=RESOLV),
            identity.Given(pod_name="redis-app-3", service="s"),
            ("redis-app-3", "default", "s", "k8s.example", None),
            id="hostNetwork, with the name given",
        ),
    ],
)
def test_derive(
    around: identity.Surroundings,
    given: identity.Given,
    expected: tuple[str, str, str, str, str | None],
) -> None:
    found = derive(around, given)
    assert (found.pod_name, found.namespace, found.service, found.domain, found.pod_ip) == expected
    assert f"{found.statefulset}-{found.ordinal}" == found.pod_name


@pytest.mark.parametrize(
    ("around", "given", "texts"),
    [
        (
            identity.Surroundings(hostname="laptop"),
            identity.Given(service="s"),
            ["POD_NAME: expected", "ordinal, as redis-app-3", "hostname 'laptop'", "metadata.name"],
        ),
        (
            identity.Surroundings(hostname="worker-3", hosts=HOST_NETWORK),
            identity.Given(service="s"),
            ["POD_NAME: expected", "saw none set", "'worker-3' is the node's (hostNetwork)"],
        ),
        (
            identity.Surroundings(hostname="redis-app-3"),
            identity.Given(pod_name="redis-app-03", service="s"),
            ["POD_NAME: expected", "saw 'redis-app-03'", "set POD_NAME"],
        ),
        (
            identity.Surroundings(hostname="redis-app-3", hosts=NO_SUBDOMAIN),
            identity.Given(),
            [
                "BOOTSTRAP_SERVICE: expected the name of the headless Service",
                "saw none set, and no redis-app-3.SERVICE.NAMESPACE.svc.DOMAIN in /etc/hosts",
                "spec.serviceName",
            ],
        ),
        (
            identity.Surroundings(),
            identity.Given(),
            ["POD_NAME: expected", "hostname ''", "BOOTSTRAP_SERVICE: expected", "no pod.SERVICE"],
        ),
    ],
)
def test_what_can_not_be_derived_is_a_fault(
    around: identity.Surroundings, given: identity.Given, texts: list[str]
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        derive(around, given)
    for text in texts:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("redis-app-3", ("redis-app", 3)),
        ("r-0", ("r", 0)),
        ("redis-6-12", ("redis-6", 12)),
        ("redis-app", None),
        ("redis-app-", None),
        ("redis-app-03", None),
        ("redis-app-3.x", None),
        ("redis-app-²", None),
        ("-3", None),
        ("3", None),
    ],
)
def test_split_pod_name(name: str, expected: tuple[str, int] | None) -> None:
    assert identity.split_pod_name(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p-0.s.n.svc.cluster.local", ("p-0", "s", "n", "cluster.local")),
        ("p-0.s.n.svc.cluster.local.", ("p-0", "s", "n", "cluster.local")),
        ("p-0.s.n.svc.corp", ("p-0", "s", "n", "corp")),
        ("p-0.s.n.svc", None),
        ("p-0.s.n.pod.cluster.local", None),
        ("host.example.com", None),
        ("", None),
    ],
)
def test_parse_fqdn(name: str, expected: tuple[str, str, str, str] | None) -> None:
    found = identity.parse_fqdn(name)
    assert (found and (found.pod, found.service, found.namespace, found.domain)) == expected


@pytest.mark.parametrize(
    ("resolv", "expected"),
    [
        (RESOLV, "k8s.example"),
        ("search default.svc.cluster.local. svc.cluster.local.\n", "cluster.local"),
        ("search svc.cluster.local", "cluster.local"),
        ("search a.svc.first\nsearch b.svc.last\n", "last"),
        ("search example.com svc\n", None),
        ("search\n# search default.svc.no\n", None),
        ("", None),
    ],
)
def test_search_domain(resolv: str, expected: str | None) -> None:
    assert identity.search_domain(resolv) == expected


@pytest.mark.parametrize(
    ("resolv", "expected"),
    [
        (RESOLV, ("10.96.0.10",)),
        (
            "nameserver fd00::a # why\n;nameserver 1.1.1.1\nnameserver 2.2.2.2",
            ("fd00::a", "2.2.2.2"),
        ),
        ("nameserver\nnameserver dns.example\n", ()),
        (
            "".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 6)),
            ("10.0.0.1", "10.0.0.2", "10.0.0.3"),
        ),
    ],
)
def test_nameservers(resolv: str, expected: tuple[str, ...]) -> None:
    assert identity.nameservers(resolv) == expected


def test_files_are_read_and_missing_ones_say_nothing(tmp_path: Path) -> None:
    for name, text in {"hostname": "Redis-App-3\n", "hosts": HOSTS, "namespace": "prod\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "resolv").mkdir()
    files = identity.Files(
        hostname=tmp_path / "hostname",
        hosts=tmp_path / "hosts",
        namespace=tmp_path / "namespace",
        resolv=tmp_path / "resolv",
    )
    assert files.read() == identity.Surroundings(
        hostname="redis-app-3", hosts=HOSTS, namespace="prod"
    )


def test_the_kernel_says_the_hostname_by_default() -> None:
    assert identity.Files().hostname.read_text().strip()
