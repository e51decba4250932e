"""What looks wrong with a secret that a server does not accept, without showing any of it.

A newline, a blank, quotes or a second base64 encoding often spoil a secret on its way into a pod.
Each of these may be intended. So a secret is never changed; the remark follows only a refusal.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

_LEAST: Final = 8
"""Shorter words, in characters, are often valid base64 by chance."""


def of(text: str) -> str:
    """Return what looks wrong, such as `ends in a newline`; empty if nothing does."""
    found = [word for odd, word in _judged(text) if odd]
    return " and ".join(found)


def _judged(text: str) -> tuple[tuple[bool, str], ...]:
    within = text.rstrip("\r\n")
    return (
        (text.endswith("\r\n"), "ends in a carriage return and a newline"),
        (text.endswith("\n") and not text.endswith("\r\n"), "ends in a newline"),
        (text.endswith("\r"), "ends in a carriage return"),
        ("\n" in within, f"has {within.count(chr(10)) + 1} lines"),
        (within[:1].isspace(), "begins with a blank"),
        (within[-1:].isspace() and len(within) > 1, "ends in a blank"),
        (_quoted(within.strip()), "is enclosed in quotes"),
        (_encoded(within.strip()), "reads as base64 of a text (encoded once too often?)"),
    )


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _encoded(text: str) -> bool:
    """Whether this is base64 of printable text; a random password rarely is."""
    if len(text) < _LEAST:
        return False
    try:
        inner = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return inner.isascii() and inner.decode().removesuffix("\n").isprintable()
