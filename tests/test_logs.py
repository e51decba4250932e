"""One line per event, readable by machines or people, without secrets."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bootstrap import log
from bootstrap.config import secret

PLAIN = "hunter2-plain"


@dataclasses.dataclass(frozen=True)
class Holder:
    """Something that holds a secret."""

    password: secret.Secret


def written(level: log.Level, fmt: log.Format, name: str, event: str, **facts: Any) -> str:
    stream = io.StringIO()
    log.configure(level, fmt, stream)
    getattr(log.get(pod="redis-app-3"), name)(event, **facts)
    return stream.getvalue()


def test_json_is_one_object_per_line_in_a_fixed_order() -> None:
    text = written("info", "json", "info", log.PLAN, phase="form", note="two\nlines, ä", steps=[1])
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert text.isascii()
    entry = json.loads(text)
    assert list(entry)[:3] == ["timestamp", "level", "event"]
    moment = dt.datetime.fromisoformat(entry.pop("timestamp"))
    assert moment.utcoffset() == dt.timedelta()
    assert entry == {
        "level": "info",
        "event": "plan",
        "pod": "redis-app-3",
        "phase": "form",
        "note": "two\nlines, ä",
        "steps": [1],
    }


def test_console_is_one_plain_line() -> None:
    text = written(
        "info",
        "console",
        "warning",
        "plan",
        phase="form",
        why="two\nlines",
        n=3,
        ok=True,
        none=None,
    )
    assert re.fullmatch(
        r'\S+Z warning plan pod=redis-app-3 phase=form why="two\\nlines" n=3 ok=true none=null\n',
        text,
    )
    assert "\x1b" not in text


@pytest.mark.parametrize("fmt", ["json", "console"])
@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(fmt: log.Format, level: log.Level, shown: list[str]) -> None:
    names = ["debug", "info", "warning", "error"]
    assert [name for name in names if written(level, fmt, name, "plan")] == shown


@pytest.mark.parametrize("fmt", ["json", "console"])
@pytest.mark.parametrize(
    "value",
    [
        secret.Secret(PLAIN),
        [secret.Secret(PLAIN)],
        {"deep": ({"in": secret.Secret(PLAIN)},)},
        {secret.Secret(PLAIN): 1},
        frozenset({secret.Secret(PLAIN)}),
        Holder(secret.Secret(PLAIN)),
        dataclasses.asdict(Holder(secret.Secret(PLAIN))),
        secret.Credentials("user", secret.Secret(PLAIN)),
        ValueError(secret.Secret(PLAIN)),
    ],
)
def test_secrets_are_redacted(fmt: log.Format, value: object) -> None:
    text = written("info", fmt, "info", "settings", value=value)
    assert PLAIN not in text
    assert "***" in text


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_a_traceback_is_there_and_shows_no_secret(fmt: log.Format) -> None:
    stream = io.StringIO()
    log.configure("info", fmt, stream)

    def fail(held: secret.Secret) -> None:
        revealed = held.reveal()
        raise LookupError(held, len(revealed))

    try:
        fail(secret.Secret(PLAIN))
    except LookupError:
        log.get().exception("plan")
    text = stream.getvalue()
    assert "LookupError" in text
    assert "test_logs.py" in text
    assert PLAIN not in text


def test_values_become_what_json_knows() -> None:
    text = written(
        "info", "json", "info", "plan", path=Path("/x"), ids={"b", "a"}, pair=(1, 2.5), by={1: None}
    )
    entry = json.loads(text)
    assert (entry["path"], entry["ids"]) == ("/x", ["a", "b"])
    assert (entry["pair"], entry["by"]) == ([1, 2.5], {"1": None})


def test_a_logger_made_before_configure_follows_it() -> None:
    logger = log.get()
    first, second = io.StringIO(), io.StringIO()
    log.configure("info", "json", first)
    logger.info("settings")
    log.configure("error", "json", second)
    logger.info("plan")
    assert "settings" in first.getvalue()
    assert second.getvalue() == ""


def test_importing_configures_nothing_and_writes_nothing() -> None:
    program = (
        "import bootstrap.log, bootstrap.config.settings, structlog;"
        "raise SystemExit(structlog.is_configured())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
