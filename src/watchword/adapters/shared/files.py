"""Private files: who may read a key, and that a half-written one never exists."""

import os
import secrets
from pathlib import Path

from watchword.core.errors import ConfigError, LocalFaultError

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700


def private_dir(path: Path) -> Path:
    """Make a directory that only its owner may enter; returns it.

    Raises:
        LocalFaultError: it cannot be made or is not a directory.
    """
    try:
        path.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        path.chmod(PRIVATE_DIR)
    except OSError as e:
        raise LocalFaultError(
            f"The data directory {path} cannot be used: {e.strerror}.",
            hint="Choose another with --data, or make it writable for this user.",
        ) from e
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all, durable on return.

    Raises:
        LocalFaultError: the disk refused it; an older file is left as it was.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_dir(path.parent)
    except OSError as e:
        raise LocalFaultError(
            f"{path} cannot be written: {e.strerror}.",
            hint="Free some space or check the directory's permissions; nothing was changed.",
        ) from e


def read_private(path: Path, *, what: str) -> bytes:
    """Read a key file and refuse one that others may read.

    Raises:
        ConfigError: it is missing, or its mode lets others in.
    """
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except OSError as e:
        raise ConfigError(
            f"{what} {path} cannot be read: {e.strerror}.",
            hint="Restore it from the back-up, or set this data directory up anew.",
        ) from e
    if mode & 0o077:
        raise ConfigError(
            f"{what} {path} may be read by others (mode {mode:04o}).",
            hint=f"Run: chmod 600 {path}",
        )
    return content


def credential_or_file(name: str, path: Path, *, what: str) -> bytes:
    """Read a secret from systemd's credentials when present, else from its private file."""
    credential = _credential(name)
    return credential.read_bytes() if credential else read_private(path, what=what)


def is_there(name: str, path: Path) -> bool:
    """Whether there is such a secret at either place."""
    return _credential(name) is not None or path.exists()


def _credential(name: str) -> Path | None:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory) / name if directory else None
    return path if path is not None and path.is_file() else None


def _sync_dir(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
