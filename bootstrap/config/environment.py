"""Environment variables: how they become a dataclass, and how they are described to people.

The dataclass declares each field with `required`, `optional`, `derived` or `made_of`. Parsing,
`--help` and the table in docs/reference.md all follow from these declarations.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from bootstrap.config import errors, parsers, secret, secret_faults

T = TypeVar("T")
Parser: TypeAlias = Callable[[str], T]
"""Turns a text into a value. Raises parsers.NotThisError, which says what was expected."""

PREFIX: Final = "BOOTSTRAP_"
SHOWN: Final = 80
"""Characters of a faulty value that its message repeats, at most."""

# Kubernetes sets these in every pod, for every Service of the namespace (enableServiceLinks,
# kubelet envvars.go). Those of a Service called `bootstrap` or `bootstrap-redis` have our prefix.
_LINK: Final = re.compile(r"(?:tcp|udp|sctp)://.*")
_LINK_NAME: Final = re.compile(
    r".+_(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_IN_URL: Final = re.compile(r"//[^/]*@")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable."""

    name: str
    parse: Parser[Any]
    meaning: str
    """What the variable is for, as `--help` and docs/reference.md show it."""
    example: str
    """A valid value, shown in the message about an invalid one."""
    default: str | None = None
    """The text that is parsed if the variable is unset; None without a default."""
    unset: str = "unset"
    """Without a default: what happens instead, for people."""
    secret: bool = False
    """Whether messages must not show the value."""

    @property
    def shown_default(self) -> str:
        """The default as people read it."""
        return self.unset if self.default is None else self.default


def required(name: str, parse: Parser[T], default: str, *, meaning: str) -> T:
    """Declare a field that has a default."""
    variable = Variable(name=name, parse=parse, default=default, meaning=meaning, example=default)
    return cast("T", made_of(variable))


def optional(
    name: str, parse: Parser[T], unset: str = "unset", *, meaning: str, example: str
) -> T | None:
    """Declare a field that is None if the variable is unset; `unset` tells people what happens."""
    variable = Variable(name=name, parse=parse, unset=unset, meaning=meaning, example=example)
    return cast("T | None", made_of(variable))


def derived(name: str, parse: Parser[T], unset: str, *, meaning: str, example: str) -> T:
    """Declare a field whose value comes from elsewhere if the variable is unset; see `unset`."""
    return cast("T", optional(name, parse, unset, meaning=meaning, example=example))


def made_of(*variables: Variable) -> Any:
    """Declare a field whose value `settings.read` makes from these variables."""
    # mypy takes the field's type from its annotation; dataclasses.field returns Any too.
    return dataclasses.field(metadata={"variables": variables})


def by_field(declaration: type) -> dict[str, tuple[Variable, ...]]:
    """Return the variables of each field of the dataclass, in the order of declaration."""
    return {
        field.name: field.metadata["variables"]
        for field in dataclasses.fields(declaration)
        if "variables" in field.metadata
    }


def parse(
    variables: Iterable[Variable], environ: Mapping[str, str], faults: errors.Faults
) -> dict[str, Any]:
    """Return the values by variable name; None if one is unset or faulty. Faults are collected."""
    return {variable.name: _value(variable, environ, faults) for variable in variables}


def _value(variable: Variable, environ: Mapping[str, str], faults: errors.Faults) -> Any:
    given = environ.get(variable.name, "")
    # YAML easily leaves blanks around a value. In a password they may be intended.
    text = given if variable.secret else given.strip()
    text = text or variable.default or ""
    if not text:
        return None
    try:
        return variable.parse(text)
    except parsers.NotThisError as error:
        expected = str(error)
    if _is_link(variable.name, text):
        service = variable.name.removesuffix("_PORT").replace("_", "-").lower()
        fix = (
            f"Kubernetes made it from the Service {service!r}: set enableServiceLinks: false in "
            f"the pod's spec, or set {variable.name} there"
        )
    else:
        fix = f"set it as in {variable.name}={variable.example}, or leave it unset"
    seen = _hidden(text) if variable.secret else show(text)
    faults.add(variable.name, expected=expected, seen=seen, fix=fix)
    return None


def _hidden(text: str) -> str:
    odd = secret_faults.of(text)
    return f"a value that is not shown, and that {odd}" if odd else "a value that is not shown"


def show(text: str) -> str:
    """Return a faulty value for a message: quoted, shortened, without the password of a URL."""
    text = _IN_URL.sub(f"//{secret.HIDDEN}@", text)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def unknown(environ: Mapping[str, str], variables: Iterable[Variable]) -> tuple[str, ...]:
    """Return a warning for each unknown variable with our prefix, without its value.

    Kubernetes may set such variables for a Service whose name has our prefix: no warning.
    """
    known = {variable.name.removeprefix(PREFIX): variable.name for variable in variables}
    warnings = []
    for name in sorted(environ):
        short = name.removeprefix(PREFIX)
        if short in (name, "") or name in known.values() or _is_link(name, environ[name]):
            continue
        import difflib  # noqa: PLC0415 - only a misspelt name needs it

        near = difflib.get_close_matches(short, known, n=1)
        hint = f"did you mean {known[near[0]]}?" if near else "--help lists those that are"
        warnings.append(f"{name} is not a variable of bootstrap; {hint}")
    return tuple(warnings)


def _is_link(name: str, value: str) -> bool:
    # Our own names may end in _PORT; the value that Kubernetes sets for such a name is a URL.
    if name.endswith("_PORT") and _LINK.fullmatch(value.strip()):
        return True
    return _LINK_NAME.fullmatch(name) is not None


def as_help(variables: Iterable[Variable], width: int = 100) -> str:
    """Return the section of `--help`: name and default on a line, the meaning below it."""
    import textwrap  # noqa: PLC0415 - only `--help` needs it

    lines = []
    for variable in variables:
        lines.append(f"  {variable.name} ({variable.shown_default})")
        lines.append(
            textwrap.fill(
                variable.meaning, width, initial_indent=" " * 6, subsequent_indent=" " * 6
            )
        )
    return "\n".join(lines)


def as_markdown(variables: Iterable[Variable]) -> str:
    """Return the table for docs/reference.md."""
    rows = [
        f"| `{variable.name}` | {_cell(variable.shown_default)} | {_cell(variable.meaning)} |"
        for variable in variables
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
