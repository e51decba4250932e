"""Fills a person's templates: `@{NAME}` is replaced, and a name that is not known is a fault.

The sign is `@`, since configuration files of servers, and shells, have `${...}` of their own.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence


class UnknownNameError(Exception):
    """A template asks for what is not known. The message says what, and what is."""


class _Template(string.Template):
    delimiter = "@"
    # With braces only: `user@host` and `@{{` stay as they are, and `@@{` stands for `@{`.
    pattern = r"""
        @(?:
            (?P<escaped>@)(?={) |
            {(?P<braced>[A-Za-z_][A-Za-z_0-9]*)} |
            (?P<named>(?!)) |
            (?P<invalid>(?={))
        )
    """  # type: ignore[assignment]  # string.Template compiles it


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with each `@{NAME}` replaced; `@@{` stands for `@{`.

    Raises:
        UnknownNameError: if a name has no value, or braces hold no name.

    """
    try:
        return _Template(text).substitute(values)
    except KeyError as error:
        known = ", ".join(sorted(values))
        raise UnknownNameError(f"@{{{error.args[0]}}} is not known; known are {known}") from None
    except ValueError as error:
        raise UnknownNameError(
            f"{error}: between @{{ and }} is no name; @@{{ stands for @{{"
        ) from None


def each(pattern: str, members: Sequence[tuple[int, str]]) -> str:
    """Return a line for each member, by a pattern with `{ordinal}`, `{number}`, `{pod}`, `{fqdn}`.

    `members` are (ordinal, FQDN). `number` is the ordinal plus 1, for systems that count from 1.

    Raises:
        UnknownNameError: if the pattern asks for another name.

    """
    try:
        asked = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
    except ValueError as error:
        raise _unknown(pattern, str(error)) from None
    if wrong := sorted(asked - {"ordinal", "number", "pod", "fqdn"}):
        raise _unknown(pattern, f"{{{wrong[0]}}} is not known")
    return "\n".join(
        pattern.format(ordinal=ordinal, number=ordinal + 1, pod=fqdn.partition(".")[0], fqdn=fqdn)
        for ordinal, fqdn in members
    )


def _unknown(pattern: str, why: str) -> UnknownNameError:
    known = "known are {ordinal}, {number}, {pod} and {fqdn}"
    return UnknownNameError(f"{pattern!r}: {why}; {known}")
