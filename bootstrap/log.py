"""The log: one line per event, as JSON for collectors or as plain text for a person.

structlog writes by itself, not through the logging module: no handler of a library can
show an event twice or format a secret. It is loaded by the first event: a pod's server may start
before anything has been told.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

from bootstrap.config import secret

if TYPE_CHECKING:
    import structlog

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Format: TypeAlias = Literal["json", "console"]
"""How lines look; "console" has no colours, so that it can be copied and searched."""

# The names of events. Who counts or searches log lines relies on them: they are not renamed.
UNKNOWN_VARIABLE: Final = "unknown-variable"
"""A variable with our prefix that nothing reads."""
PLAN: Final = "plan"
"""The plan changed; the canonical line."""

DONE: Final = "done"
"""A command that a server accepted."""
REFUSED: Final = "refused"
"""A command that a server did not accept, with its reason."""
TIMED_OUT: Final = "timed-out"
"""BOOTSTRAP_TIMEOUT is over and the goal is not reached."""
INTERRUPTED: Final = "interrupted"
"""A run with --once was told to end before its goal was reached."""
UNEXPECTED: Final = "unexpected"
"""An unforeseen error; the loop goes on."""
TLS_FILES: Final = "tls-files"
"""Certificate files were replaced: whether they are in use from now on, and if not, why not."""
PASSWORD: Final = "password"  # noqa: S105 - the name of an event, not a secret
"""The password file was replaced: whether a server has accepted what it holds now."""
GATE_SHUT: Final = "gate-shut"
"""Our own server must not start yet, or not without a person's word; says why."""
GATE_OPEN: Final = "gate-open"
"""Our own server may start; says why. With a code, in spite of something."""
HANDOVER_BEGINS: Final = "handover-begins"
"""Our node was asked to hand its role over."""
HANDOVER_ENDS: Final = "handover-ends"
"""How that ended, and after how many seconds."""
NO_HTTP: Final = "no-http"
"""The port for probes and metrics could not be opened."""

_configured: Final[list[Callable[[], None]]] = []
"""What `configure` was told, until the first event."""
_BARE: Final = re.compile(r"[!#-<>-~]+")
"""Values that need no quotes on the console: printable ASCII without blank, quote and `=`."""


def configure(level: Level, fmt: Format, stream: TextIO) -> None:
    """Log events of this level and above to the stream.

    Called once, before the first event; called again it replaces everything.
    """
    _configured.clear()
    _configured.append(functools.partial(_configure, level, fmt, stream))


def _configure(level: Level, fmt: Format, stream: TextIO) -> None:
    import structlog  # noqa: PLC0415 - with the first event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Plain tracebacks: those that show local variables would show revealed passwords.
            structlog.processors.format_exc_info,
            plain,
            render_json if fmt == "json" else render_console,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write per line, flushed: a killed process loses no event.
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        # Not cached: modules get their logger at import, before this call.
        cache_logger_on_first_use=False,
    )


class Log:
    """Writes events that have some facts in common. Cheap: it does no work before the first."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        """Write nothing yet."""
        self._facts = facts

    def debug(self, event: str, **facts: object) -> None:
        """What only a search for a fault needs."""
        self._logger.debug(event, **facts)

    def info(self, event: str, **facts: object) -> None:
        """What happened."""
        self._logger.info(event, **facts)

    def warning(self, event: str, **facts: object) -> None:
        """What a person may have to look at."""
        self._logger.warning(event, **facts)

    def error(self, event: str, **facts: object) -> None:
        """What a person has to look at."""
        self._logger.error(event, **facts)

    def exception(self, event: str, **facts: object) -> None:
        """An error, with the trace of the exception that is being handled."""
        self._logger.exception(event, **facts)  # noqa: LOG004 - who calls it handles one

    @property
    def _logger(self) -> structlog.typing.FilteringBoundLogger:
        import structlog  # noqa: PLC0415 - with the first event

        while _configured:
            _configured.pop()()
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**self._facts)
        return logger


def get(**facts: object) -> Log:
    """Return a log; the facts are part of each of its events."""
    return Log(facts)


def plain(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Put time, level and name first, and make every value one that JSON knows; no secrets."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {key: _plain(value) for key, value in (first | dict(event)).items()}


def _plain(value: object) -> object:
    match value:
        case secret.Secret():
            return secret.HIDDEN
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case AbstractSet():
            # Sets have no order of their own: the same facts are to make the same line.
            return sorted((_plain(item) for item in value), key=str)
        case _:
            return str(value)


def render_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as one JSON object, in ASCII, on one line."""
    return json.dumps(event, separators=(",", ":"))


def render_console(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as one line of `key=value`; only a traceback goes on below it."""
    facts = dict(event)
    head = f"{facts.pop('timestamp')} {facts.pop('level'):<7} {facts.pop('event')}"
    trace = facts.pop("exception", None)
    line = " ".join([head, *(f"{key}={_text(value)}" for key, value in facts.items())])
    return f"{line}\n{trace}" if trace else line


def _text(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return json.dumps(value, separators=(",", ":"))
