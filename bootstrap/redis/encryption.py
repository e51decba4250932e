"""TLS to all nodes, from files that may be replaced at any time.

A server reads its files when it starts, and later only when told to. A tool that renews
certificates replaces files, but tells no server. So the sidecar tells its own server, provided the
new certificate is valid for this pod.
"""

from __future__ import annotations

import dataclasses
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bootstrap import log
from bootstrap.redis import certificates, failures

Stamp: TypeAlias = tuple[tuple[int, int, int], ...]

_NO_PASSPHRASE = ""
"""Without one, OpenSSL would ask for a key's passphrase at the terminal, and block the process."""


class FilesError(Exception):
    """The files cannot be used. Says which ones, what was expected and seen, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The paths of certificates and key."""

    ca: Path | None = None
    """The trusted authorities; None: those of the system."""
    cert: Path | None = None
    """The sidecar's own certificate, if servers ask for one."""
    key: Path | None = None

    def stamp(self) -> Stamp:
        """Return a value that changes if a file was replaced or rewritten; empty if one is missing.

        It holds inode, modification time in nanoseconds, and size of each file.
        """
        try:
            some = [path.stat() for path in (self.ca, self.cert, self.key) if path]
        except OSError:
            return ()
        return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in some)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """The content of the files when they were read last."""

    named: ssl.SSLContext
    """For a node whose name is known: its certificate must be for that name."""
    nameless: ssl.SSLContext
    """For an address alone: `check_some_pod` must look at the certificate."""
    content: tuple[bytes, bytes] = (b"", b"")
    """Certificate and authorities, as a server with the same files has them."""
    own: bytes = b""
    """The certificate in DER, if it is valid for the server in our own pod; else empty."""
    since: int = 0
    """When that certificate began to be valid, in seconds since 1970."""
    unfit: str = ""
    """Why the certificate is not valid for our own server; empty if it is."""


class Encryption:
    """TLS to all nodes of a cluster."""

    def __init__(self, files: Files, pod: str) -> None:
        """Read the files. `pod` is our own pod's DNS name, without a trailing dot.

        Raises:
            FilesError: when they cannot be used.

        """
        self._files = files
        self._pod = pod
        self._subdomain = pod.partition(".")[2]
        self._known: tuple[bytes, bytes] | None = None
        self._stamp = self._refused = files.stamp()
        self._loaded = self._read()
        self._log = log.get(pod=pod.partition(".")[0])

    def notice(self) -> None:
        """Read the files again if they were replaced. Files that cannot be used change nothing."""
        stamp = self._files.stamp()
        if stamp in (self._stamp, self._refused):
            return
        try:
            loaded = self._read()
        except FilesError as error:
            if self._files.stamp() == stamp:  # else they are just being replaced
                self._refused = stamp
                self._log.warning(log.TLS_FILES, why=f"{error}; the ones before stay in use")
            return
        if self._files.stamp() != stamp:
            return
        self._stamp, before, self._loaded = stamp, self._loaded, loaded
        self._log.info(log.TLS_FILES, why="they were replaced; new connections use the new ones")
        if before.own and loaded.unfit:
            fix = "put one there that is for this pod; until then Redis goes on with the old one"
            self._log.warning(log.TLS_FILES, why=loaded.unfit, fix=fix)

    def context(self, name: str) -> ssl.SSLContext:
        """Return the context for a node of this name; without a name, for any pod of ours."""
        return self._loaded.named if name else self._loaded.nameless

    def check_some_pod(self, facts: certificates.Facts) -> None:
        """Check that a certificate is for a pod of our service.

        Raises:
            ssl.SSLCertVerificationError: when it is not.

        """
        if not certificates.names_pod_of(facts, self._subdomain):
            error = ssl.SSLCertVerificationError(f"not for a pod of {self._subdomain}")
            error.verify_code = failures.NAME_MISMATCH
            raise error

    def blind(self) -> ssl.SSLContext:
        """Return a context that trusts any server: to look at one, never to send it secrets."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self._files.cert:
            context.load_cert_chain(self._files.cert, self._files.key, _NO_PASSPHRASE)
        return context

    @property
    def trusted(self) -> str:
        """The file of the trusted authorities, for messages."""
        return str(self._files.ca or "the system's")

    @property
    def showing(self) -> str:
        """The file of the certificate that the sidecar shows, for messages."""
        return str(self._files.cert or "none (BOOTSTRAP_TLS_CERT_FILE is not set)")

    # Our own server

    def outdated(self, name: str, shown: bytes, since: int) -> bool:
        """Whether our own server still uses files that were replaced meanwhile.

        `name` is the DNS name of the server's pod; `shown` is its certificate, valid `since`. Which
        authorities the server has cannot be seen from outside. So a change of their file while the
        sidecar runs counts too.
        """
        loaded = self._loaded
        if name != self._pod or not loaded.own:
            return False
        if self._known is None:
            older = shown != loaded.own and since <= loaded.since
            self._known = (b"", b"") if older else loaded.content
        return self._known != loaded.content

    def reread(self) -> None:
        """Note that our own server has read the present files."""
        self._known = self._loaded.content

    def _read(self) -> _Loaded:
        """Read all files.

        Raises:
            FilesError: when they cannot be used.

        """
        files = self._files
        named, nameless = _trusting(files), _trusting(files)
        nameless.check_hostname = False
        if not files.cert:
            return _Loaded(named=named, nameless=nameless)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (named, nameless, server):
            _show(context, files)
        content = _bytes(files.cert), _bytes(files.ca) if files.ca else b""
        found = _Loaded(named=named, nameless=nameless, content=content)
        try:
            own, facts = certificates.tried(server, named, self._pod)
        except ssl.SSLError as error:
            unfit = f"{files.cert} would not do for {self._pod}: {_plainly(error)}"
            return dataclasses.replace(found, unfit=unfit)
        return dataclasses.replace(found, own=own, since=certificates.since(facts))


def _trusting(files: Files) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the files."""
    try:
        return ssl.create_default_context(cafile=files.ca)
    except OSError as error:
        raise _fault("BOOTSTRAP_TLS_CA_FILE", f"{files.ca}", "certificates", error) from error


def _show(context: ssl.SSLContext, files: Files) -> None:
    """Make a context show the certificate of the files to the other side."""
    try:
        context.load_cert_chain(files.cert or "", files.key, _NO_PASSPHRASE)
    except OSError as error:
        what = "a certificate, and the key that belongs to it"
        seen = f"{files.cert} and {files.key}"
        raise _fault("BOOTSTRAP_TLS_CERT_FILE", seen, what, error) from error


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _fault("BOOTSTRAP_TLS_*", f"{file}", "a file", error) from error


def _fault(variable: str, seen: str, expected: str, error: OSError) -> FilesError:
    why = f"{variable}: expected {expected} in PEM; saw {seen} ({_plainly(error)})"
    return FilesError(f"{why}; see what is in the Secret that is mounted there")


def _plainly(error: OSError) -> str:
    """Return what OpenSSL or the system said, without the place in their sources."""
    reason = getattr(error, "reason", None) or ""
    message = getattr(error, "verify_message", "") or reason.replace("_", " ").lower()
    return message or error.strerror or type(error).__name__
