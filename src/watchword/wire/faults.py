"""What a peer can do wrong on the wire, as one family.

    RemoteFaultError
    ├── MalformedError        the bytes do not follow the layout
    │   └── WrongVersionError     a version that this release does not speak
    ├── ReplayedFrameError    a sequence number that does not go forward
    ├── UnknownKeyError       sealed to a key that we do not hold
    └── UnopenableError       the seal does not open: damaged, or made for somebody else

Messages name the field and the numbers, never the bytes: a body may hold a code.
"""

from watchword.core.errors import RemoteFaultError


class MalformedError(RemoteFaultError):
    """The bytes do not follow the layout."""


class WrongVersionError(MalformedError):
    """A version that this release does not speak."""


class ReplayedFrameError(RemoteFaultError):
    """A sequence number that does not go forward within its connection."""


class UnknownKeyError(RemoteFaultError):
    """Sealed to a key that we do not hold."""


class UnopenableError(RemoteFaultError):
    """The seal does not open: damaged, or made for somebody else."""


def exactly(data: bytes, size: int, what: str) -> None:
    """Refuse data that is not exactly `size` bytes long.

    Raises:
        MalformedError: it is shorter or longer.
    """
    if len(data) != size:
        raise MalformedError(f"{what} has {len(data)} bytes, not {size}.")


def version(given: int, known: int, what: str) -> None:
    """Refuse a version that is not `known`.

    Raises:
        WrongVersionError: it is another one.
    """
    if given != known:
        raise WrongVersionError(
            f"{what} has version {given}; this release speaks version {known}.",
            hint="Bring both ends to the same release.",
        )


def zeros(data: bytes, what: str) -> None:
    """Refuse reserved bytes that are not zero: a later layout announces itself by its version.

    Raises:
        MalformedError: some byte is set.
    """
    if data.count(0) != len(data):
        raise MalformedError(f"{what} is not zero.")
