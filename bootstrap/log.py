"""The log: one line for each event, as JSON for collectors or as plain text for people.

structlog writes directly, not through the module logging. So no handler of a library can show an
event twice, or format a secret. It is loaded by the first event, since a pod's server may start
before any event.
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
"""How lines look. "console" has no colours, so its lines can be copied and searched."""

# The names of events. They are not renamed, since dashboards and searches rely on them.
UNKNOWN_VARIABLE: Final = "unknown-variable"
"""A variable with our prefix that nothing reads."""
PLAN: Final = "plan"
"""The plan changed. This is the main line: it sums up what was seen and what is done."""

DONE: Final = "done"
"""A server accepted a command."""
REFUSED: Final = "refused"
"""A server did not accept a command; says why."""
TIMED_OUT: Final = "timed-out"
"""BOOTSTRAP_TIMEOUT is over, and the goal is not reached."""
INTERRUPTED: Final = "interrupted"
"""A run with --once was stopped before the goal was reached."""
UNEXPECTED: Final = "unexpected"
"""An unforeseen error; the loop goes on."""
UNSAFE: Final = "unsafe-plan"
"""The last door stopped a plan that breaks an invariant: a fault of ours. Nothing was sent."""
TLS_FILES: Final = "tls-files"
"""Certificate files were replaced; says whether they are in use now, and if not, why."""
PASSWORD: Final = "password"  # noqa: S105 - the name of an event, not a secret
"""The password file was replaced; says whether a server has accepted the new password."""
GATE_SHUT: Final = "gate-shut"
"""Our own server must not start yet, or not before a person acts; says why."""
GATE_OPEN: Final = "gate-open"
"""Our own server may start; says why. A code names what it starts in spite of."""
HANDOVER_BEGINS: Final = "handover-begins"
"""Our node was asked to hand its role over."""
HANDOVER_ENDS: Final = "handover-ends"
"""A hand-over has ended; says how, and after how many seconds."""
NO_HTTP: Final = "no-http"
"""The port for probes and metrics could not be opened."""

_configured: Final[list[Callable[[], None]]] = []
"""The configuration that the first event applies; empty after that."""
_BARE: Final = re.compile(r"[!#-<>-~]+")
"""Values without quotes on the console: printable ASCII without blank, quote and `=`."""


def configure(level: Level, fmt: Format, stream: TextIO) -> None:
    """Log events of this level and above to the stream.

    To be called before the first event. A further call replaces the configuration.
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
            # Plain tracebacks: with local variables they would show passwords.
            structlog.processors.format_exc_info,
            plain,
            render_json if fmt == "json" else render_console,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Each line is one flushed write, so a killed process loses no event.
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        # Not cached, since `configure` may be called again.
        cache_logger_on_first_use=False,
    )


class Log:
    """Writes events that share some facts. Does no work before the first event."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        """Write nothing yet."""
        self._facts = facts

    def debug(self, event: str, **facts: object) -> None:
        """Log an event that only debugging needs."""
        self._logger.debug(event, **facts)

    def info(self, event: str, **facts: object) -> None:
        """Log what happened."""
        self._logger.info(event, **facts)

    def warning(self, event: str, **facts: object) -> None:
        """Log an event that you may have to look at."""
        self._logger.warning(event, **facts)

    def error(self, event: str, **facts: object) -> None:
        """Log an event that you have to look at."""
        self._logger.error(event, **facts)

    def exception(self, event: str, **facts: object) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        self._logger.exception(event, **facts)  # noqa: LOG004 - callers handle an exception

    @property
    def _logger(self) -> structlog.typing.FilteringBoundLogger:
        import structlog  # noqa: PLC0415 - with the first event

        while _configured:
            _configured.pop()()
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**self._facts)
        return logger


def get(**facts: object) -> Log:
    """Return a log whose events all have these facts."""
    return Log(facts)


def plain(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the event with time, level and name first, and values for JSON; secrets are hidden."""
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
            # Sets have no order. They are sorted, so that the same facts make the same line.
            return sorted((_plain(item) for item in value), key=str)
        case _:
            return str(value)


def render_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as one JSON object, in ASCII, on one line."""
    return json.dumps(event, separators=(",", ":"))


def render_console(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as one line of `key=value`; only a traceback follows on more lines."""
    facts = dict(event)
    head = f"{facts.pop('timestamp')} {facts.pop('level'):<7} {facts.pop('event')}"
    trace = facts.pop("exception", None)
    line = " ".join([head, *(f"{key}={_text(value)}" for key, value in facts.items())])
    return f"{line}\n{trace}" if trace else line


def _text(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return json.dumps(value, separators=(",", ":"))
