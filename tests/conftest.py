"""For all tests: nothing depends on how busy the machine is, and what is measured is printed."""

from __future__ import annotations

import signal

import hypothesis
import pytest

from tests.statefulset import variants

# No deadlines: how long an example takes is not what any test is about.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# A shell that starts the tests with `&` has them ignore Ctrl-C, and all that they start with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = (
    "formation/test_kill.py",
    "keeping/test_killed.py",
    "keeping/test_volumes.py::test_no_ghost_is_left_anywhere",
    "acl/test_secrets.py",
    "reshard/test_leaving.py",
    "keeping/test_forgotten.py",
    "keeping/test_open_slots.py",
    "reshard/test_handed_over.py",
    "keeping/test_rolling.py",
    "keeping/test_chaos.py",
    "formation/test_idle.py",
    "keeping/test_volumes.py",
)
"""What takes a minute or more each: begun last, it would be waited for alone."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, of those that run here."""
    variants.choose(items)

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONG) if name in item.nodeid), len(LONG))

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured, wherever they ran: `record_property("measured", words)`."""
    for report in terminalreporter.getreports("passed"):
        for name, words in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(f"measured: {words}")
