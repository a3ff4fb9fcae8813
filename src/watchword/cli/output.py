"""How commands print and read: tables for people, JSON for scripts, secrets by standard input."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from watchword.adapters.shared.control import ask
from watchword.core.errors import InputError

SECRET_CHARS_MAX = 1024
WIDTH_PIPED = 10_000  # columns; wider than any row


def show_json(value: Any) -> None:
    """Print one value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print rows as a plain table, or one sentence when there are none."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    # Into a pipe a row stays one line, and a name in brackets is a name.
    width = None if sys.stdout.isatty() else WIDTH_PIPED
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)


def secret_from(text: str, *, what: str) -> str:
    """The secret itself, or one line from standard input when it is `-`."""
    if text != "-":
        return text
    line = sys.stdin.readline(SECRET_CHARS_MAX)
    if not line.strip():
        raise InputError(f"No {what} came on standard input.", hint=f"Pipe the {what} in.")
    return line.strip()


def ask_site(data: Path, command: str, **given: Any) -> Any:
    """Ask the running site of this data directory."""
    return asyncio.run(ask(data / "site" / "control.sock", command, **given))


def ask_station(data: Path, command: str, **given: Any) -> Any:
    """Ask the running station of this data directory."""
    return asyncio.run(ask(data / "station" / "control.sock", command, **given))
