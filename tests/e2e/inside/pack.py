"""Run in a sidecar's container, with HOST and FOLDER: prints the folder as a packed tar, in JSON."""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile


def main(folder: str) -> None:
    """Pack it; what a running server is writing meanwhile is as a snapshot would have it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        made.add(folder, arcname=".", filter=_of_the_server)
    print(json.dumps(base64.b64encode(packed.getvalue()).decode()))


def _of_the_server(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # A folder of the file system's own, and files that a server never loads.
    name = member.name.rpartition("/")[2]
    return None if name == "lost+found" or name.startswith("temp-") else member


if __name__ == "__main__":
    main(sys.argv[2])
