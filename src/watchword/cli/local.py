"""Commands that only talk to a running process through its private socket."""

from pathlib import Path
from typing import Any

import typer

from watchword.cli.output import ask_site, ask_station, secret_from, show_json, show_table
from watchword.core.errors import InputError
from watchword.core.words import Action


def enter_code(data: Path, *, code: str, action: str, area: str | None, as_json: bool) -> None:
    """Make one attempt and print the keypad's answer; the same words for every code."""
    digits = secret_from(code, what="code")
    if action not in tuple(Action):
        raise InputError(
            f"There is no action {action!r}.", hint=f"Use one of: {', '.join(Action)}."
        )
    answer = ask_site(data, "attempt", code=digits, action=action, area=area)
    if as_json:
        show_json(answer)
        return
    typer.echo(answer["message"])
    typer.echo(f"{answer['state']['area']}: {answer['state']['sentence']}")


def set_zone(data: Path, *, name: str, is_open: bool, as_json: bool) -> None:
    """Open or close a zone and print what the keypads of its area show."""
    state = ask_site(data, "zone", name=name, open=is_open)
    if as_json:
        show_json(state)
    else:
        typer.echo(f"{state['area']}: {state['sentence']}")


def list_incidents(data: Path, *, as_json: bool) -> None:
    """Print the station's incidents, newest first."""
    rows: list[dict[str, Any]] = ask_station(data, "incidents")
    if as_json:
        show_json(rows)
        return
    columns = ("opened", "kind", "site", "person", "entry point", "state", "dispatch", "id")
    names = ("opened_at", "kind", "site", "person", "entry_point", "state", "dispatch", "id")
    show_table(
        columns,
        [[str(row.get(name) or "") for name in names] for row in rows],
        empty="No incidents.",
    )


def list_signals(data: Path, *, as_json: bool) -> None:
    """Print the signals that the station received, newest first."""
    rows: list[dict[str, Any]] = ask_station(data, "signals")
    if as_json:
        show_json(rows)
        return
    names = ("received_at", "account", "kind", "code", "area", "user", "zone", "text")
    show_table(
        names, [[str(row.get(name) or "") for name in names] for row in rows], empty="No signals."
    )
