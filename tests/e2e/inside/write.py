"""Run in a pod of its own: the tests' writer, at work until SIGTERM; then says what became of it.

The files that it is made of are mounted where they are imported from.
"""

from __future__ import annotations

import json
import signal
import sys

from tests.statefulset import writer


def main(host: str, port: int) -> None:
    """Write by way of this name; the last line printed is JSON."""
    # Blocked before the writer's thread is there, which inherits it: the signal is waited for here.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with writer.Writer(lambda: [(host, port)]) as writing:
        writing.wait_for(1)
        print("writing", flush=True)
        signal.sigwait({signal.SIGTERM})
    said = {
        "acknowledged": writing.acknowledged,
        "lost": sorted(writing.lost()),
        "longest": writing.longest,
        "report": writing.report(),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
