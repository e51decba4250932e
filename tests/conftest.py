"""For all tests: what would make them depend on how busy the machine is, is turned off."""

from __future__ import annotations

import hypothesis

# No deadlines: how long an example takes is not what any test is about.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")
