"""kubectl, by which the tests do everything, in one namespace."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import bootstrap
from tests.e2e import waiting

REQUEST: Final = 180.0
"""Seconds after which a call that is not meant to wait has hung."""
SHIPPED: Final = f"ghcr.io/example/bootstrap:{bootstrap.__version__}"
"""The sidecar's image in manifests/."""


class KubectlError(Exception):
    """What was asked of kubectl, and what it said to that."""


class Kubectl:
    """kubectl for one namespace. The variable KUBECTL names the program, scripts/e2e sets it."""

    def __init__(self, namespace: str) -> None:
        """Nothing is made yet."""
        self.namespace = namespace

    def __call__(self, *words: str, stdin: str | None = None, timeout: float = REQUEST) -> str:
        """Return what it printed; KubectlError when it fails, or takes longer than `timeout` s."""
        argv = [os.environ.get("KUBECTL", "kubectl"), f"--namespace={self.namespace}", *words]
        asked = " ".join(argv)
        try:
            done = subprocess.run(
                argv,
                input=stdin or "",
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise KubectlError(f"{asked}: not within {timeout:g} s") from error
        if done.returncode:
            raise KubectlError(f"{asked}: {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def json(self, *words: str) -> Any:
        """Return what it printed as JSON."""
        return json.loads(self(*words, "--output=json"))

    def apply(self, folder: Path, image: str, words: Mapping[str, str] | None = None) -> None:
        """Apply what a folder renders to, with this image in the place of the shipped one.

        `words` are put in the place of others that the folder can't know.
        """
        text = self("kustomize", str(folder))
        for word, other in {SHIPPED: image, **(words or {})}.items():
            if word not in text:
                raise KubectlError(f"{folder} renders to nothing that has {word} in it")
            text = text.replace(word, other)
        self("apply", "--filename=-", stdin=text)

    def until_nothing(self, lacking: Callable[[], str], timeout: float, what: str) -> None:
        """Ask what is lacking until it is nothing, or until a pod of the namespace has failed.

        Raises:
            PodFailedError: as soon as a pod has failed, with its reason and the end of its log.
            TimeoutError: after `timeout` seconds, with the last answer.

        """
        waiting.until_nothing(lacking, timeout, what, failed=self._failed)

    def _failed(self) -> str:
        try:
            failed = waiting.failures(self.json("get", "pods"))
        except KubectlError:
            return ""  # what is lacking will say it
        return "\n".join(
            f"{pod} has failed: {why}\n{self._log(pod)}" for pod, why in failed.items()
        )

    def _log(self, pod: str) -> str:
        """The end of what a pod's containers printed, also before they were started anew."""
        told: list[str] = []
        for more in ((), ("--previous",)):
            try:
                told.append(self("logs", pod, "--all-containers", "--prefix", "--tail=40", *more))
            except KubectlError as error:
                told.append(str(error))
        return "\n".join(told)

    def report(self) -> Iterator[str]:
        """Yield all that says why a test failed."""
        asked = [
            ("get", "all,pvc,networkpolicies", "--output=wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            *self._logs(),
        ]
        for words in asked:
            yield f"== kubectl {' '.join(words)}"
            try:
                yield self(*words)
            except KubectlError as error:
                yield str(error)

    def _logs(self) -> Iterator[tuple[str, ...]]:
        told = self("get", "pods", "--output=name")
        for pod in told.split():
            yield ("logs", pod, "--all-containers", "--prefix", "--tail=60")
            yield (
                "exec",
                pod,
                "--container=bootstrap",
                "--",
                "python",
                "-m",
                "bootstrap",
                "status",
            )
