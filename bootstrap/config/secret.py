"""Passwords, kept so that showing one takes a deliberate call."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final, NoReturn, final

from bootstrap.config import secret_faults

HIDDEN: Final = "***"
"""What is shown instead of a secret."""


class PasswordFileError(Exception):
    """The password file can not be used. Names the file, never what is in it."""


@final
class Secret:
    """A text that repr, str, format, copies, pickles and tracebacks do not show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hide the value."""
        self._value: Final = value

    def reveal(self) -> str:
        """Return the value itself, for the one who must send it."""
        return self._value

    def __repr__(self) -> str:
        """Say only that there is a secret."""
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        """Say nothing."""
        return HIDDEN

    def __format__(self, spec: str, /) -> str:
        """Say nothing, whatever the format."""
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        """Compare with another secret, and with nothing else, in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # noqa: PLC0415 - it loads OpenSSL, and a sidecar that starts compares nothing

        return hmac.compare_digest(_encoded(self._value), _encoded(other._value))

    def __hash__(self) -> int:
        """Let settings that hold a secret be hashed."""
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        """Return itself: it never changes."""
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        """Return itself, so that dataclasses.asdict works and shows nothing."""
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse: a pickle would hold the plain text."""
        raise TypeError("a Secret is not to be pickled: it would be written as plain text")

    def __getstate__(self) -> NoReturn:
        """Refuse: the default would hand out the plain text."""
        raise TypeError("a Secret does not give its state away: call reveal()")


_REMEMBERED = 2
"""How many passwords are kept that servers have accepted: two, while one takes the other's
place."""
_REPEATED = ", with args beginning with"
"""What stands between an unknown command and its arguments, shortened and without line ends, where
no password would be found again (rejectCommandFormat, server.c)."""


@final
class Credentials:
    """Who we are to Redis. A password in a file may change while we run; see `notice`."""

    __slots__ = ("_accepted", "_known", "_read", "password", "password_file", "username")

    def __init__(
        self,
        username: str | None = None,
        password: Secret | None = None,
        password_file: Path | None = None,
    ) -> None:
        """Take a password, or the file that holds it, or neither (then there is none)."""
        self.username: Final = username
        self.password: Final = password
        self.password_file: Final = password_file
        self._read: Secret | None = None
        self._accepted: tuple[Secret, ...] = ()
        self._known: frozenset[Secret] = frozenset({password} if password else ())

    def current(self) -> str | None:
        """Return the password, or None; the file is read here at the first call only.

        PasswordFileError when it must be read and can not be.
        """
        if self.password_file and self._read is None:
            self.refresh()
        secret = self.password or self._read
        return secret.reveal() if secret else None

    @property
    def proves_default(self) -> bool:
        """Whether a server that lets us in has a default user with a password.

        AUTH with a password alone is refused where that user has none (`nopass`, acl.c).
        """
        return not self.username and bool(self.password or self.password_file)

    def candidates(self) -> tuple[str | None, ...]:
        """Return the password, and those before it: a server may not have heard of the new one.

        PasswordFileError when the file must be read and can not be.
        """
        newest = self.current()
        return (newest, *(one.reveal() for one in self._accepted if one.reveal() != newest))

    def accepted(self, password: str | None) -> None:
        """Note that a server let us in by it. While one is replaced, servers differ."""
        if self.password_file and password is not None:
            others = (one for one in self._accepted if one.reveal() != password)
            self._accepted = (Secret(password), *others)[:_REMEMBERED]

    def notice(self) -> None:
        """Read the file again if it was read before; one that is of no use changes nothing."""
        if self._read is not None:
            with contextlib.suppress(PasswordFileError):
                self.refresh()

    def refresh(self) -> bool:
        """Read the file again; return whether the password changed, so that a retry has sense.

        PasswordFileError when the file is missing, unreadable, empty or not UTF-8; the password
        read before stays in use.
        """
        if self.password_file is None:
            return False
        before, self._read = self._read, Secret(_read(self.password_file))
        self._known |= {self._read}
        return before != self._read

    def oddity(self) -> str:
        """What is odd about the password in use, with the variable or file that it comes from.

        For a server's refusal; empty when nothing is odd. Nothing of the password is in it.
        """
        secret = self.password or self._read
        odd = secret_faults.of(secret.reveal()) if secret else ""
        if not odd:
            return ""
        if self.password_file:
            return f"the password in {self.password_file}, less one newline at its end, {odd}"
        return f"the value of BOOTSTRAP_REDIS_PASSWORD {odd}"

    def hide(self, text: str) -> str:
        """Return a text from elsewhere without any password that was ours in this run.

        A server repeats the arguments of a command that it does not know: `CONFIG SET masterauth
        ...` where CONFIG was renamed comes back in the error, and errors are logged.
        """
        text = text.partition(_REPEATED)[0]
        # The longest first: one password may be the beginning of the next.
        for value in sorted((secret.reveal() for secret in self._known), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    def __repr__(self) -> str:
        """Show everything but the password."""
        return (
            f"Credentials(username={self.username!r}, password={self.password!r}, "
            f"password_file={self.password_file!r})"
        )

    def __eq__(self, other: object) -> bool:
        """Compare where the password comes from, not what a file held when it was read."""
        return isinstance(other, Credentials) and self._source() == other._source()

    def __hash__(self) -> int:
        """Hash what __eq__ compares."""
        return hash(self._source())

    def __deepcopy__(self, _memo: object) -> Credentials:
        """Return itself, so that each holder sees a password that was read again."""
        return self

    def _source(self) -> tuple[str | None, Secret | None, Path | None]:
        return self.username, self.password, self.password_file


def _read(file: Path) -> str:
    problem, data = "", b""
    try:
        data = file.read_bytes()
    except OSError as error:
        problem = f"can not be read ({error.strerror or type(error).__name__})"
    text = data.decode(errors="surrogateescape")
    # One line end belongs to the editor that wrote it; more would be part of the password.
    password = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    if not problem and not encodable(password):
        problem = "is not UTF-8 text"
    if not problem and not password:
        problem = "is empty"
    # Raised out here, not while decoding: a UnicodeDecodeError carries what it could not decode.
    if problem:
        raise PasswordFileError(f"password file {file} {problem}")
    return password


def encodable(text: str) -> bool:
    """Whether the text can be sent: bytes that were no UTF-8 arrive as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
