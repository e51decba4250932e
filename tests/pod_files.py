"""The files from which a pod knows who it is, for tests that read settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bootstrap.config import identity

PASSWORD: Final = "hunter2-plain"
HOSTS: Final = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
10.1.2.3\tredis-app-3.redis-service.prod.svc.k8s.example\tredis-app-3
"""
RESOLV: Final = "nameserver 10.96.0.10\nnameserver fd00::a\nsearch prod.svc.k8s.example\n"


def ordinary(folder: Path) -> identity.Files:
    """Write the files of pod redis-app-3, and a file `password` beside them."""
    texts = {
        "hostname": "redis-app-3\n",
        "hosts": HOSTS,
        "namespace": "prod",
        "resolv.conf": RESOLV,
        "password": f"{PASSWORD}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return identity.Files(
        hostname=folder / "hostname",
        hosts=folder / "hosts",
        namespace=folder / "namespace",
        resolv=folder / "resolv.conf",
    )
