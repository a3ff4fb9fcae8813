"""Handing out what pairs: a string for a new site, a link and a code for a keypad."""

from pathlib import Path

import typer

from watchword.cli.output import ask_site, ask_station, show_json


def offer_site(data: Path, *, name: str, as_json: bool) -> None:
    """Print the one-time string that a new site joins with."""
    offer = ask_station(data, "pair-offer", name=name)
    if as_json:
        show_json(offer)
        return
    typer.echo(offer["string"])
    typer.echo("It works once, for 15 minutes. At the site: watchword pair join -", err=True)


def offer_keypad(data: Path, *, name: str, area: str | None, as_json: bool) -> None:
    """Print the one-time link and code that make a browser a keypad."""
    offer = ask_site(data, "keypad-offer", name=name, area=area)
    if as_json:
        show_json(offer)
        return
    typer.echo(f"link  {offer['url']}")
    typer.echo(f"code  {offer['code']}")
    typer.echo("They work once, for 15 minutes.", err=True)
