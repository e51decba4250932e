"""The settings of a run: read once, and judged together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from bootstrap.config import checks, declarations, environment, errors, identity


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings(declarations.Declared):
    """The settings of this run. All values are valid, and consistent with one another."""

    statefulset: str
    """The pod's name without its ordinal."""
    ordinal: int
    """The number at the end of the pod's name."""
    size_refused: int | None = None
    """BOOTSTRAP_SIZE if it is too small to form a cluster; `size` is None then."""
    dns_source: str = "/etc/resolv.conf"
    """The file or the variable that the name servers come from."""
    unknown: tuple[str, ...] = ()
    """Warnings about variables with our prefix that nothing reads."""

    @property
    def hostname(self) -> str:
        """The pod's DNS name as the server announces it: without a trailing dot."""
        return self.hostname_of(self.ordinal)

    @property
    def fqdn(self) -> str:
        """The pod's absolute DNS name, for which resolvers use no search list."""
        return f"{self.hostname}."

    @property
    def family(self) -> Literal[4, 6] | None:
        """The IP family of the pod, which is that of its peers; None while it is not known."""
        return None if self.pod_ip is None else 6 if ":" in self.pod_ip else 4

    @property
    def service_fqdn(self) -> str:
        """The headless Service's absolute DNS name."""
        return f"{self.service}.{self.namespace}.svc.{self.domain}."

    @property
    def gate_seconds(self) -> float:
        """Seconds for which the start gate waits for a replica to be promoted."""
        return self.gate_timeout or 3 * self.node_timeout / 1000

    @property
    def shards(self) -> int | None:
        """Primaries at first formation; None if the size is not set."""
        return None if self.size is None else self.size // (1 + self.replicas_per_shard)

    @property
    def is_seed(self) -> bool:
        """Whether this pod has the lowest ordinal: only the seed forms the cluster."""
        return self.ordinal == self.ordinal_start

    def pod_of(self, ordinal: int) -> str:
        """Return the name of the pod with this ordinal."""
        return f"{self.statefulset}-{ordinal}"

    def hostname_of(self, ordinal: int) -> str:
        """Return the DNS name of the pod with this ordinal, without a trailing dot."""
        return f"{self.pod_of(ordinal)}.{self.service_fqdn.removesuffix('.')}"


def table() -> tuple[environment.Variable, ...]:
    """Return all variables, in the order in which people are shown them."""
    return tuple(one for some in environment.by_field(Settings).values() for one in some)


def read(environ: Mapping[str, str], files: identity.Files, *, tty: bool = False) -> Settings:
    """Return the settings from environment and files; `tty` says whether stdout is a terminal.

    Raises:
        ConfigurationError: with all faults at once.

    """
    faults = errors.Faults()
    parsed = environment.parse(table(), environ, faults)
    values = {
        field: parsed[made_of[0].name]
        for field, made_of in environment.by_field(Settings).items()
        if len(made_of) == 1
    }
    around = files.read()
    given = {field.name: values[field.name] for field in dataclasses.fields(identity.Given)}
    who = identity.derive(identity.Given(**given), around, faults)
    if who:
        values |= dataclasses.asdict(who)
        checks.ordinal(who.ordinal, start=values["ordinal_start"], faults=faults)
    if not checks.size_fits(parsed):
        # A formed cluster needs no size; without one the seed refuses to form (plan.size).
        values["size"], values["size_refused"] = None, values["size"]
    checks.node_timeout(parsed, faults)
    checks.wish(parsed, faults)
    checks.tls(parsed, faults)
    checks.data_dir(parsed, faults)
    values["credentials"] = checks.credentials(parsed, faults)
    values["dns_source"] = "BOOTSTRAP_NAMESERVERS" if values["nameservers"] else str(files.resolv)
    values["nameservers"] = values["nameservers"] or checks.nameservers(
        around.resolv, source=files.resolv, faults=faults
    )
    values["log_format"] = values["log_format"] or ("console" if tty else "json")
    faults.raise_any()
    return Settings(**values, unknown=environment.unknown(environ, table()))
