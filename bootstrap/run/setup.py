"""Turns the settings into the topology, and into the way to speak with servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootstrap.config import errors, settings
from bootstrap.model.topology import Topology

if TYPE_CHECKING:
    from bootstrap.redis import encryption


def topology(known: settings.Settings) -> Topology:
    """Return the topology that the settings describe."""
    return Topology(
        statefulset=known.statefulset,
        ordinal=known.ordinal,
        subdomain=known.service_fqdn.removesuffix("."),
        size=known.size,
        size_refused=known.size_refused,
        replicas_per_shard=known.replicas_per_shard,
        ordinal_start=known.ordinal_start,
        address=known.pod_ip,
        port=known.redis_port,
        host=known.node_name,
        zone=known.zone,
        with_password=known.credentials.password is not None
        or known.credentials.password_file is not None,
        tls=known.tls,
        username=known.credentials.username or "",
        dns_source=known.dns_source,
        fast_form=known.fast_form,
        node_timeout=known.node_timeout,
        handover_timeout=known.handover_timeout,
        gate_seconds=known.gate_seconds,
        gate_opens=known.gate_on_timeout == "open",
        allow_fewer_shards=known.allow_fewer_shards,
        wish=known.wish,
        wish_file=str(known.wish_file or ""),
        guarded=known.data_dir is not None,
        adopted=known.adopt or "",
    )


def encryption_of(known: settings.Settings) -> encryption.Encryption | None:
    """Return how to speak TLS, with its files read; None without TLS.

    Raises:
        ConfigurationError: when a file cannot be used.

    """
    if not known.tls:
        return None
    from bootstrap.redis import encryption  # noqa: PLC0415 - where there is TLS

    files = encryption.Files(ca=known.tls_ca_file, cert=known.tls_cert_file, key=known.tls_key_file)
    try:
        return encryption.Encryption(files, known.hostname)
    except encryption.FilesError as error:
        raise errors.ConfigurationError([str(error)]) from error
