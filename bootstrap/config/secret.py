"""Passwords, which nothing shows but a call of `reveal()`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final, NoReturn, final

from bootstrap.config import secret_faults

HIDDEN: Final = "***"
"""What is shown instead of a secret."""


class PasswordFileError(Exception):
    """The password file cannot be used. The message names the file, never its content."""


@final
class Secret:
    """A text that repr, str, format, copies, pickles and tracebacks do not show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hide the value."""
        self._value: Final = value

    def reveal(self) -> str:
        """Return the value itself, to be sent."""
        return self._value

    def __repr__(self) -> str:
        """Return `Secret(***)`."""
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        """Return `***`."""
        return HIDDEN

    def __format__(self, spec: str, /) -> str:
        """Return `***`, whatever the format."""
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        """Compare with another secret in constant time; nothing else is equal to one."""
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # noqa: PLC0415 - it loads OpenSSL; a starting sidecar compares no secrets

        return hmac.compare_digest(_encoded(self._value), _encoded(other._value))

    def __hash__(self) -> int:
        """Make settings that hold a secret hashable."""
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
        """Refuse: the default would return the plain text."""
        raise TypeError("a Secret does not give its state away: call reveal()")


_REMEMBERED = 2
"""Accepted passwords that are kept: the new one, and the old one while it is being replaced."""
_REPEATED = ", with args beginning with"
"""What a server writes between an unknown command and its arguments (rejectCommandFormat,
server.c). The arguments are shortened and without line ends, so `hide` could not find a password
in them."""


@final
class Credentials:
    """User and password for Redis. A password file may change at any time; see `notice`."""

    __slots__ = ("_accepted", "_known", "_read", "password", "password_file", "username")

    def __init__(
        self,
        username: str | None = None,
        password: Secret | None = None,
        password_file: Path | None = None,
    ) -> None:
        """Take a password, or the file that holds it, or neither: then no password is sent."""
        self.username: Final = username
        self.password: Final = password
        self.password_file: Final = password_file
        self._read: Secret | None = None
        self._accepted: tuple[Secret, ...] = ()
        self._known: frozenset[Secret] = frozenset({password} if password else ())

    def current(self) -> str | None:
        """Return the password, or None if there is none. Only the first call reads the file.

        Raises:
            PasswordFileError: when the file has to be read and cannot be used.

        """
        if self.password_file and self._read is None:
            self.refresh()
        secret = self.password or self._read
        return secret.reveal() if secret else None

    @property
    def proves_default(self) -> bool:
        """Whether a successful login shows that the server's default user has a password.

        A server refuses AUTH with a password alone if its default user has none (`nopass`, acl.c).
        """
        return not self.username and bool(self.password or self.password_file)

    def candidates(self) -> tuple[str | None, ...]:
        """Return the password and those accepted before: a server may not know the new one yet.

        Raises:
            PasswordFileError: when the file has to be read and cannot be used.

        """
        newest = self.current()
        return (newest, *(one.reveal() for one in self._accepted if one.reveal() != newest))

    def accepted(self, password: str | None) -> None:
        """Note that a server accepted this password. During a replacement servers differ."""
        if self.password_file and password is not None:
            others = (one for one in self._accepted if one.reveal() != password)
            self._accepted = (Secret(password), *others)[:_REMEMBERED]

    def notice(self) -> None:
        """Read the file again if it was read before; an unusable file changes nothing."""
        if self._read is not None:
            with contextlib.suppress(PasswordFileError):
                self.refresh()

    def refresh(self) -> bool:
        """Read the file again; return whether the password changed, so that a retry makes sense.

        Raises:
            PasswordFileError: when the file is missing, unreadable, empty or not UTF-8. The
                password read before stays in use.

        """
        if self.password_file is None:
            return False
        before, self._read = self._read, Secret(_read(self.password_file))
        self._known |= {self._read}
        return before != self._read

    def oddity(self) -> str:
        """Say what looks wrong with the password in use, and which variable or file it is from.

        It is added to a server's refusal, and holds no part of the password. Empty if the
        password looks right.
        """
        secret = self.password or self._read
        odd = secret_faults.of(secret.reveal()) if secret else ""
        if not odd:
            return ""
        if self.password_file:
            return f"the password in {self.password_file}, less one newline at its end, {odd}"
        return f"the value of BOOTSTRAP_REDIS_PASSWORD {odd}"

    def hide(self, text: str) -> str:
        """Return a server's text without any password that the sidecar has had in this run.

        A server repeats the arguments of an unknown command. If CONFIG was renamed, the error
        for `CONFIG SET masterauth ...` holds the password, and errors are logged.
        """
        text = text.partition(_REPEATED)[0]
        # The longest first: a password may be the beginning of another.
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
        """Compare where the password comes from, not the content of a file."""
        return isinstance(other, Credentials) and self._source() == other._source()

    def __hash__(self) -> int:
        """Hash what __eq__ compares."""
        return hash(self._source())

    def __deepcopy__(self, _memo: object) -> Credentials:
        """Return itself, so that all holders see a password that was read again."""
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
    # An editor adds one line end; further line ends are part of the password.
    password = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    if not problem and not encodable(password):
        problem = "is not UTF-8 text"
    if not problem and not password:
        problem = "is empty"
    # Raised here, not while decoding: a UnicodeDecodeError holds the text it could not decode.
    if problem:
        raise PasswordFileError(f"password file {file} {problem}")
    return password


def encodable(text: str) -> bool:
    """Whether the text can be sent as UTF-8: bytes that are not UTF-8 became lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
