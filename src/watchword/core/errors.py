"""The one family of errors, and what each tells the person who meets it.

    WatchwordError
    ├── InputError          what was given cannot be used (exit 2, HTTP 400)
    │   ├── NotFoundError   what was named does not exist (HTTP 404)
    │   └── RefusedError    understood, and against a rule (HTTP 409)
    │       └── NotAllowedError  this user may not (HTTP 403)
    ├── ConfigError         a settings file is wrong (exit 2)
    ├── RemoteFaultError    the peer broke the protocol
    └── LocalFaultError     our side cannot do it now (disk, database, process not running)

Every error carries a message that says what was wrong and a hint that says what to do.
No message may hold a code, a token, a key or a password.
"""


class WatchwordError(Exception):
    """Something went wrong that the person can be told about."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(WatchwordError):
    """What was given cannot be used."""


class NotFoundError(InputError):
    """What was named does not exist."""


class RefusedError(InputError):
    """The request was understood and is against a rule."""


class NotAllowedError(RefusedError):
    """This user may not do this."""


class ConfigError(WatchwordError):
    """A settings file cannot be used."""


class RemoteFaultError(WatchwordError):
    """The peer broke the protocol."""


class LocalFaultError(WatchwordError):
    """Our own side cannot do this now."""
