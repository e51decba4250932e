"""Reading resolv.conf."""

from __future__ import annotations

from bootstrap.core import resolvconf


def test_resolv_conf() -> None:
    text = """\
# made by hand
nameserver 10.0.0.10
nameserver fe80::1%eth0   # the router
nameserver
nameserver localhost
; nameserver 10.0.0.11
domain example.com
search default.svc.cluster.local svc.cluster.local. cluster.local
options ndots:5
nameserver 10.0.0.12
nameserver 10.0.0.13
\x00\xff rubbish
"""
    assert resolvconf.read_resolv_conf(text) == (
        (("10.0.0.10", 53), ("fe80::1%eth0", 53), ("10.0.0.12", 53)),
        ("default.svc.cluster.local", "svc.cluster.local", "cluster.local"),
    )
    assert resolvconf.read_resolv_conf("search a.b\ndomain c.d") == ((), ("c.d",))
    assert resolvconf.read_resolv_conf("") == ((), ())
