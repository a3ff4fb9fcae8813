"""Giving people codes from the command line, in a process that ends right after.

The codes are drawn and sealed here, as the enrolment page does in a browser: the station
gets sealed tokens, the site gets sealed codes, and only this process saw both.
"""

import secrets
import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import typer

from watchword.cli.output import ask_station, show_json, show_table
from watchword.core.codes import Policy, show
from watchword.core.errors import LocalFaultError, RefusedError
from watchword.station.draw import draw_enrolment

ANSWER_WAIT_S = 60.0  # the site checks up to 16 codes against everybody's neighbours
POLL_S = 0.2
ROUNDS_MAX = 3  # eight pairs each; a site that refuses 24 pairs in a row is full or broken


def add_person(data: Path, *, name: str, site: str | None, as_json: bool) -> None:
    """Enrol a person and show both codes, once."""
    for _ in range(ROUNDS_MAX):
        codes = _one_round(data, name=name, site=site)
        if codes is not None:
            break
    else:
        raise RefusedError(
            "The site took none of the codes.", hint="Try again, or choose longer codes."
        )
    normal, forced = codes
    if as_json:
        show_json({"name": name, "normal": normal, "duress": forced})
        return
    typer.echo(f"{name}: every day  {show(normal)}    if forced  {show(forced)}")
    typer.echo("Shown once. Learn both; the second one disarms just the same and calls help.")


def invite_person(data: Path, *, name: str, site: str | None, as_json: bool) -> None:
    """Print a one-time link and the one-time code that goes with it."""
    offer = ask_station(data, "invite", name=name, site=site)
    if as_json:
        show_json(offer)
        return
    typer.echo(f"link  {offer['link']}")
    typer.echo(f"code  {offer['code']}")
    typer.echo("Give them to the person by two different ways. They work once, for 24 hours.")


def list_people(data: Path, *, as_json: bool) -> None:
    """Print who holds codes, and since when."""
    rows: list[dict[str, Any]] = ask_station(data, "people")
    if as_json:
        show_json(rows)
        return
    show_table(
        ("site", "name", "state"),
        [[row["site"], row["name"], row["state"]] for row in rows],
        empty="Nobody holds codes yet.",
    )


def remove_person(data: Path, *, name: str, site: str | None, as_json: bool) -> None:
    """Retire both codes at once, and have the site forget them."""
    gone = ask_station(data, "person-remove", name=name, site=site)
    if as_json:
        show_json(gone)
    else:
        typer.echo(f"{name} holds no codes any more.")


def _one_round(data: Path, *, name: str, site: str | None) -> tuple[str, str] | None:
    offer = ask_station(data, "enrol-begin", name=name, site=site)
    drawn = draw_enrolment(
        Policy(offer["policy"]),
        offer["digits"],
        b64decode(offer["station_key"]),
        bytes.fromhex(offer["station_key_id"]),
        b64decode(offer["site_key"]),
        enrolment=bytes.fromhex(offer["enrolment"]),
        randbelow=secrets.randbelow,
        token_bytes=secrets.token_bytes,
    )
    ask_station(
        data,
        "enrol-submit",
        enrolment=offer["enrolment"],
        sealed=b64encode(drawn.sealed).decode(),
        slots=[[ref.hex() for ref in pair] for pair in drawn.slots],
    )
    deadline = time.monotonic() + ANSWER_WAIT_S
    while time.monotonic() < deadline:
        result = ask_station(data, "enrol-result", enrolment=offer["enrolment"])
        if result["state"] == "taken":
            pair = drawn.pair(result["pair"])
            return pair.normal().reveal(), pair.duress().reveal()
        if result["state"] == "refused":
            return None
        time.sleep(POLL_S)
    raise LocalFaultError(
        "The site did not answer in time.", hint="Is it running and linked? See its console page."
    )
