"""No secret is in anything that sidecars write, whatever befalls them."""

from __future__ import annotations

import base64
import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.acl import surprised
from tests.formation import forming
from tests.keeping import keeping, roles
from tests.refusals import asking
from tests.statefulset import authority, nursery, pod, process, sets, users
from tests.statefulset import sidecar as sidecars

OLD, NEW, WRONG = users.PASSWORD, "s3cret-new-one", "s3cret-wrong-one"
TOKEN, NO_TOKEN, SHORT = "s3cret-token-1234", "s3cret-token-5678", "5h0rt"
PATHS: Final = ("/startupz", "/livez", "/readyz", "/metrics", "/statusz", "/nowhere")


class Account:
    """All that was written, and what must not be in it."""

    def __init__(self, app: sets.LocalStatefulSet) -> None:
        self.app = app
        self._texts: list[tuple[str, str]] = []

    def look(self) -> None:
        """At what is not written into a file: what is served, and what processes are called."""
        for one in self.app.pods:
            for path in PATHS:
                self._texts.append((f"{one.name}{path}", str(forming.answers(one, path))))
            for running in (sidecar for sidecar in one.sidecars if sidecar.running):
                words = Path(f"/proc/{running.pid}/cmdline").read_text()
                if not words:  # it has ended since, as `status` does by itself
                    running.wait(asking.LONG)
                    continue
                assert nursery.__name__ not in words, "a fork's are not those of a pod"
                self._texts.append((f"{one.name}: the arguments of {running.pid}", words))

    def keep(self, where: str, text: str) -> None:
        """What was told to one who asked."""
        self._texts.append((where, text))

    def found(self, secrets: list[str]) -> list[tuple[str, str]]:
        """Where which of them is, as it is or as it is often encoded."""
        texts = [*self._texts]
        for one in self.app.pods:
            for number, sidecar in enumerate(one.sidecars):
                where = f"{one.name}: sidecar {number}"
                texts.append((where, sidecar.output() + sidecar.errors()))
        assert [where for where, text in texts if not text] == []
        wanted = {secret: _encoded(secret) for secret in secrets}
        return [
            (where, secret)
            for where, text in texts
            for secret, forms in wanted.items()
            if any(form in text for form in forms)
        ]


def _encoded(secret: str) -> list[str]:
    raw = secret.encode()
    return [secret, secret[::-1], raw.hex(), base64.b64encode(raw).decode().rstrip("=")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(OLD)
    return path


@pytest.fixture
def formed(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sets.LocalStatefulSet]:
    """Over TLS too: there is a key that nobody should see.

    Each sidecar is a process that was started as in a pod: a fork has the arguments of another.
    """
    monkeypatch.setattr(nursery, "WANTED", False)
    env = {
        "BOOTSTRAP_REDIS_USERNAME": users.SIDECAR,
        "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file),
        "BOOTSTRAP_HANDOVER_TOKEN": TOKEN,
        "BOOTSTRAP_INTERVAL": "300ms",
        "BOOTSTRAP_LOG_LEVEL": "debug",
    }
    issuer = authority.Authority(tmp_path)
    with keeping.formed(
        "redis-7.0", server_config=users.only(), sidecar_env=env, tls=issuer.per_pod
    ) as app:
        yield app


def test_nothing_that_is_written_holds_a_secret(
    formed: sets.LocalStatefulSet, file: Path, tmp_path: Path
) -> None:
    account = Account(formed)
    account.look()
    _wrong_passwords(formed, tmp_path, account)
    _faulty_configurations(formed[2], file, account)
    _hand_overs(formed, account)
    _a_password_to_be_set(formed[4], account)
    _surprises(formed[5], account)
    _rotation(formed, file, account)
    secrets = [OLD, NEW, WRONG, TOKEN, NO_TOKEN, SHORT, users.ADMINS, *_keys(formed)]
    assert account.found(secrets) == []
    # The search itself finds what is there.
    account.keep("here", json.dumps({"password": NEW}))
    assert account.found([NEW]) == [("here", NEW)]


def _wrong_passwords(app: sets.LocalStatefulSet, tmp_path: Path, account: Account) -> None:
    """In the environment, and in a file; in a run that stays, and in ones that end."""
    wrong = tmp_path / "wrong"
    wrong.write_text(WRONG)
    one = app[1]
    one.stop_sidecar()
    for env in (
        {"BOOTSTRAP_REDIS_PASSWORD_FILE": None, "BOOTSTRAP_REDIS_PASSWORD": WRONG},
        {"BOOTSTRAP_REDIS_PASSWORD_FILE": str(wrong)},
    ):
        one.start_sidecar(env=env)
        asking.wait_said(one, ["it does not accept the sidecar's user and password"])
        account.look()
        one.stop_sidecar()
        for args in (["--dry-run"], ["--dry-run", "--output", "json"], ["status"], ["handover"]):
            running = one.start_sidecar(args, env=env)
            assert running.wait(asking.LONG) == asking.FAILED
    one.start_sidecar()
    forming.wait_ready([one])


def _faulty_configurations(one: pod.Pod, file: Path, account: Account) -> None:
    for env in (
        {"BOOTSTRAP_REDIS_PASSWORD": WRONG},  # besides the file
        {"BOOTSTRAP_REDIS_PASSWORD_FILE": f"{file}/{OLD}"[: len(str(file))] + "-missing"},
        {"BOOTSTRAP_HANDOVER_TOKEN": SHORT},
        {"BOOTSTRAP_HANDOVER_TOKEN": f"{NO_TOKEN} \n"},
        {"BOOTSTRAP_REDIS_PASSWORT": WRONG},  # nothing reads it: a warning
    ):
        running = one.start_sidecar(["--dry-run"], env=env)
        running.wait(asking.LONG)
        account.keep("a faulty configuration", running.output() + running.errors())
        one.sidecars.insert(0, one.sidecars.pop())


def _hand_overs(app: sets.LocalStatefulSet, account: Account) -> None:
    primary, _ = roles.next_primary(app)
    for token in (None, NO_TOKEN, TOKEN):
        account.keep(f"{primary.name}/handover", str(roles.hand_over(primary, token)))
    connection = http.client.HTTPConnection(primary.address, 8080, timeout=10)
    connection.request("GET", f"/nowhere?token={TOKEN}", headers={"Authorization": NO_TOKEN})
    account.keep("a path that is not there", connection.getresponse().read().decode())
    connection.close()


def _a_password_to_be_set(one: pod.Pod, account: Account) -> None:
    """By the right user: what is to be sent to the server holds the password itself."""
    one.stop_sidecar()
    one.ask("CONFIG", "SET", "masterauth", "")
    told = {}
    for args in (["--dry-run"], ["--dry-run", "--output", "json"], ["status"], ["handover"]):
        running = one.start_sidecar(args)
        running.wait(asking.LONG)
        told[args[0]] = running.output()
    assert "masterauth" in told["--dry-run"]
    one.start_sidecar()
    forming.wait_ready([one])
    assert one.ask("CONFIG", "GET", "masterauth") == ["masterauth", OLD]


def _surprises(one: pod.Pod, account: Account) -> None:
    """What nobody foresaw is told with its trace, wherever it is met."""
    one.stop_sidecar()
    command = [sys.executable, "-m", surprised.__name__]
    for args in ([], ["--dry-run"], ["status"], ["handover"]):
        running = one.start_sidecar(args, command=command)

        def written(running: sidecars.Sidecar = running) -> str:
            return running.output() + running.errors()

        process.wait_for(lambda: surprised.WORDS in written(), asking.LONG, "a surprise")
        account.look()
        running.stop()
        assert "Traceback" in written()
        account.keep(f"a surprise {args}", written())
        # Elsewhere a trace is a defect, and the next one writes into the same files.
        one.sidecars.remove(running)
        running.out.unlink()
        running.err.unlink()
    one.start_sidecar()
    forming.wait_ready([one])


def _rotation(app: sets.LocalStatefulSet, file: Path, account: Account) -> None:
    """The file first, so that it is refused for a while."""
    file.write_text(NEW)
    forming.until(
        lambda: all("is not accepted" in one.sidecar.output() for one in app.pods),
        lambda: [forming.events(one, "password") for one in app.pods],
    )
    account.look()
    for one in app.pods:
        one.ask("ACL", "SETUSER", users.SIDECAR, f">{NEW}", f"<{OLD}")
    forming.until(
        lambda: all("in use from now on" in one.sidecar.output() for one in app.pods),
        lambda: [forming.events(one, "password") for one in app.pods],
    )
    account.look()


def _keys(app: sets.LocalStatefulSet) -> list[str]:
    """Lines of the private keys."""
    files = [one.tls.key.read_text() for one in app.pods if one.tls]
    return [line for text in files for line in text.splitlines() if "PRIVATE" not in line]
