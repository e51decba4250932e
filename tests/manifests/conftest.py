"""A test that asks for `every` runs once for each folder that can be applied."""

from __future__ import annotations

import pytest

from tests.manifests import render


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "every" in metafunc.fixturenames:
        metafunc.parametrize("every", render.folders(), ids=render.short, indirect=True)


@pytest.fixture
def every(request: pytest.FixtureRequest) -> render.Build:
    """What one of the folders renders to."""
    return render.build(request.param)
