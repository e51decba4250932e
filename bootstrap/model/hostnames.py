"""Hostnames that servers announce: what they say of the pod, and of the set that it belongs to."""

from __future__ import annotations


def plain(hostname: str) -> str:
    """The form in which hostnames are compared: lower case, without the trailing dot."""
    return hostname.rstrip(".").lower()


def owner(hostname: str) -> str:
    """The set of a hostname: `redis-app.redis-service` of `redis-app-3.redis-service`.

    A name without an ordinal is all that there is to call its set by.
    """
    name, dot, rest = hostname.partition(".")
    stem, _, digits = name.rpartition("-")
    return f"{stem}{dot}{rest}" if stem and digits.isdecimal() else hostname


def other_form(hostname: str, full: str) -> bool:
    """Whether a hostname names the pod of this full name in another form.

    That is the full name cut short after any label, or the pod's name in a domain outside
    Kubernetes. A name that says another service or another namespace is another pod's.
    """
    pod, _, rest = hostname.partition(".")
    name, _, subdomain = full.partition(".")
    if pod != name or rest == subdomain:
        return False
    if not rest or f"{subdomain}.".startswith(f"{rest}."):
        return True
    said, ours = rest.split("."), subdomain.split(".")
    return "svc" not in said and len(said) > 1 and said[0] != ours[0] and said[1] != ours[1]
