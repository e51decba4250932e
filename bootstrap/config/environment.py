"""How environment variables become a dataclass, and how they are described to people.

The dataclass declares each field with `required`, `optional`, `derived` or `made_of`. That one
place is what parsing, `--help` and the check of the README are made from.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from bootstrap.config import errors, parsers, secret, secret_faults

T = TypeVar("T")
Parser: TypeAlias = Callable[[str], T]
"""Turns a text into a value; parsers.NotThisError with what was expected when it can not."""

PREFIX: Final = "BOOTSTRAP_"
SHOWN: Final = 80
"""Characters of a faulty value that are repeated in its message."""

# What Kubernetes sets in every pod for every Service of the namespace (enableServiceLinks):
# kubelet envvars.go. A Service called `bootstrap` or `bootstrap-redis` gets into our prefix.
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
    example: str
    """A valid value, for the message about one that is not."""
    default: str | None = None
    """The text that stands for an unset variable; None when there is none."""
    unset: str = "unset"
    """Where there is no default: what happens instead, for people."""
    secret: bool = False
    """Whether its value must not be shown."""

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
    """Declare a field that is None when the variable is unset."""
    variable = Variable(name=name, parse=parse, unset=unset, meaning=meaning, example=example)
    return cast("T | None", made_of(variable))


def derived(name: str, parse: Parser[T], unset: str, *, meaning: str, example: str) -> T:
    """Declare a field that its reader finds out by other means when the variable is unset."""
    return cast("T", optional(name, parse, unset, meaning=meaning, example=example))


def made_of(*variables: Variable) -> Any:
    """Declare a field that its reader makes from these variables."""
    # mypy takes the field's type from its annotation; Any is what dataclasses.field gives, too.
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
    """Return the value of each variable by its name; None where it is unset or faulty."""
    return {variable.name: _value(variable, environ, faults) for variable in variables}


def _value(variable: Variable, environ: Mapping[str, str], faults: errors.Faults) -> Any:
    given = environ.get(variable.name, "")
    # YAML easily leaves blanks around a value. In a password they may be meant.
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
    """Return a faulty value as a message may repeat it: quoted, short, no password of a URL."""
    text = _IN_URL.sub(f"//{secret.HIDDEN}@", text)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def unknown(environ: Mapping[str, str], variables: Iterable[Variable]) -> tuple[str, ...]:
    """Return a warning per variable with our prefix that nothing reads; never its value.

    Those that Kubernetes sets for a Service whose name gives our prefix are no mistake.
    """
    known = {variable.name.removeprefix(PREFIX): variable.name for variable in variables}
    warnings = []
    for name in sorted(environ):
        short = name.removeprefix(PREFIX)
        if short in (name, "") or name in known.values() or _is_link(name, environ[name]):
            continue
        import difflib  # noqa: PLC0415 - for a name that is misspelt

        near = difflib.get_close_matches(short, known, n=1)
        hint = f"did you mean {known[near[0]]}?" if near else "--help lists those that are"
        warnings.append(f"{name} is not a variable of bootstrap; {hint}")
    return tuple(warnings)


def _is_link(name: str, value: str) -> bool:
    # Our own names may end in _PORT; what Kubernetes sets under such a name is always a URL.
    if name.endswith("_PORT") and _LINK.fullmatch(value.strip()):
        return True
    return _LINK_NAME.fullmatch(name) is not None


def as_help(variables: Iterable[Variable], width: int = 100) -> str:
    """Return the section of `--help`: name and default on a line, the meaning below it."""
    import textwrap  # noqa: PLC0415 - for a person

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
    """Return the table of the README."""
    rows = [
        f"| `{variable.name}` | {_cell(variable.shown_default)} | {_cell(variable.meaning)} |"
        for variable in variables
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
