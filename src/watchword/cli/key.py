"""Backing up and restoring the station's keys."""

from pathlib import Path

import typer

from watchword.adapters.shared.files import private_dir, write_private
from watchword.cli.output import secret_from
from watchword.core.errors import ConfigError, InputError, RefusedError
from watchword.station.keys import FILE_BYTES_MAX, back_up, from_file, restore, to_file
from watchword.wiring.station import KEYS, load_keys


def backup_keys(data: Path, *, out: Path, secret: str) -> None:
    """Write all keys of the station to a file that the pass-phrase opens.

    Raises:
        InputError: the pass-phrase is too short, or the file is there already.
    """
    if out.exists():
        raise InputError(f"{out} is there already.", hint="Give another name; keep old back-ups.")
    keys = load_keys(data / "station")
    write_private(out, back_up(keys, secret_from(secret, what="pass-phrase")))
    ids = ", ".join(key.id.hex() for key in keys.keys)
    typer.echo(f"Keys {ids} are in {out}. Keep it and its pass-phrase apart, and try a restore.")


def restore_keys(data: Path, *, source: Path, secret: str) -> None:
    """Put the keys of a back-up into a station's directory.

    Raises:
        InputError: the file is no back-up, or the pass-phrase is another.
        RefusedError: the directory has other keys, which would be lost.
    """
    try:
        content = source.read_bytes()[: FILE_BYTES_MAX + 1]
    except OSError as e:
        raise InputError(f"{source} cannot be read: {e.strerror}.") from e
    keys = restore(content, secret_from(secret, what="pass-phrase"))
    directory = private_dir(private_dir(data) / "station")
    path = directory / KEYS
    if path.exists():
        try:
            kept = {key.id for key in from_file(path.read_bytes()).keys}
        except ConfigError:
            raise RefusedError(
                f"{path} is there and cannot be read as keys.",
                hint="Move that file away, then restore again.",
            ) from None
        if not kept <= {key.id for key in keys.keys}:
            raise RefusedError(
                f"{path} has keys that the back-up does not have.",
                hint="Move that file away first, if you are sure that no code needs it.",
            )
    write_private(path, to_file(keys))
    typer.echo(f"{len(keys.keys)} key(s) restored to {path}.")
