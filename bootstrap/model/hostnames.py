"""Hostnames that servers announce: which pod and which StatefulSet they mean."""

from __future__ import annotations


def plain(hostname: str) -> str:
    """Return a hostname in the form for comparison: lower case, without the trailing dot."""
    return hostname.rstrip(".").lower()


def owner(hostname: str) -> str:
    """Return the set of a hostname: `redis-app.redis-service` for `redis-app-3.redis-service`.

    A name without an ordinal is returned as it is.
    """
    name, dot, rest = hostname.partition(".")
    stem, _, digits = name.rpartition("-")
    return f"{stem}{dot}{rest}" if stem and digits.isdecimal() else hostname


def other_form(hostname: str, full: str) -> bool:
    """Whether a hostname is another form of this full name.

    Such forms are the full name cut off after any label, and the pod's name in a domain outside
    Kubernetes. A name with another Service or namespace is that of another pod.
    """
    pod, _, rest = hostname.partition(".")
    name, _, subdomain = full.partition(".")
    if pod != name or rest == subdomain:
        return False
    if not rest or f"{subdomain}.".startswith(f"{rest}."):
        return True
    said, ours = rest.split("."), subdomain.split(".")
    return "svc" not in said and len(said) > 1 and said[0] != ours[0] and said[1] != ours[1]
