"""Run in the loader's container, with FOLDER: unpacks into it what `pack` has printed, from stdin."""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile


def main(folder: str) -> None:
    """Unpack it."""
    packed = io.BytesIO(base64.b64decode(json.load(sys.stdin)))
    with tarfile.open(fileobj=packed, mode="r:gz") as made:
        made.extractall(folder, filter="data")


if __name__ == "__main__":
    main(sys.argv[1])
