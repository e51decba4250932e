"""The password is replaced while slots move: no connection outlives the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acl import test_rotation as rotation
from tests.acl.test_moving import RULES
from tests.keeping import fire
from tests.reshard import wishing
from tests.statefulset import needs, users


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_the_password_changes_while_slots_move(name: str, tmp_path: Path) -> None:
    needs.insecurity("the test has users of its own")
    file = tmp_path / "password"
    file.write_text(rotation.OLD)
    env = {
        "BOOTSTRAP_REDIS_USERNAME": users.SIDECAR,
        "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file),
    }
    config = users.only(RULES[name])
    with (
        wishing.formed(name, tmp_path, env, server_config=config) as (app, wish),
        fire.Fire(app) as burning,
    ):
        wishing.slowly(app.pods[:3])
        wish.state("4")
        wishing.scale_out(app, 2)
        wishing.wait_moving(app)
        rotation.accept(app, f">{rotation.NEW}")
        rotation.replace(file, rotation.NEW)
        rotation.wait_used_by_servers(app, rotation.NEW)
        rotation.accept(app, f"<{rotation.OLD}")
        rotation.cut(app)
        wishing.slowly(app.pods[:3], slow=False)
        wishing.wait_even(app, 4)
        rotation.wait_linked(app)
        burning.writer.stop()
        assert not burning.writer.lost()
