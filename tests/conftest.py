"""For all tests: nothing depends on how busy the machine is, and what is measured is printed."""

from __future__ import annotations

import hypothesis
import pytest

# No deadlines: how long an example takes is not what any test is about.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured, wherever they ran: `record_property("measured", words)`."""
    for report in terminalreporter.getreports("passed"):
        for name, words in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(f"measured: {words}")
