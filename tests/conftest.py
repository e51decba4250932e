"""For all tests: what would make them depend on how busy the machine is, is turned off."""

from __future__ import annotations

import hypothesis
import pytest

from tests.statefulset import secured, variants

# No deadlines: how long an example takes is not what any test is about.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With SECURED=yes one server takes the place of all: once is enough."""
    for some in variants.grouped(items).values() if secured.WANTED else ():
        names = [variants.server_of(item) for item in some]
        kept = names.index(secured.SERVER) if secured.SERVER in names else 0
        variants.keep(some, kept, f"with SECURED=yes that is {secured.SERVER} in any case")
