"""`watchword doctor`: what would fail today, and what to do about it.

It looks from outside: at files, and at what the two running halves say of themselves.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from watchword.cli.output import ask_site, ask_station, show_json
from watchword.core.errors import WatchwordError

PRIVATE = ("site/site.key", "site/site-hpke.key", "station/station.key", "demo.json")
LIMITS = (
    "Somebody who controls the site for long learns the daily code by how often it comes.",
    "Who once saw the daily code knows the other one for what it is.",
    "A person can be forced to type two different codes.",
    "A code that a person chose, or that follows a public rule, names itself.",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is well, what was found, and what to do."""

    well: bool
    what: str
    advice: str = ""


def examine(data: Path, *, as_json: bool) -> int:
    """Print what was found; returns 0 when nothing must be done, else 1."""
    halves = [half for half in ("site", "station") if (data / half).exists()]
    checks = [*_files(data), *_site(data), *_station(data)]
    if not halves:
        what = f"There is neither a site nor a station in {data}."
        checks.append(Check(False, what, "Give its directory with --data."))
    together = len(halves) == 2  # noqa: PLR2004 - both of them
    limits = [*LIMITS]
    if together:
        limits.append("Site and station run on one machine, which then holds both keys.")
    if as_json:
        show_json(
            {
                "checks": [{"well": c.well, "what": c.what, "advice": c.advice} for c in checks],
                "limits": limits,
            }
        )
    else:
        _print(checks, limits)
    return 0 if all(c.well for c in checks) else 1


def _print(checks: list[Check], limits: list[str]) -> None:
    for check in checks:
        colour = typer.colors.GREEN if check.well else typer.colors.RED
        typer.secho("ok     " if check.well else "to do  ", fg=colour, nl=False)
        typer.echo(check.what)
        if check.advice:
            typer.echo(f"       {check.advice}")
    typer.echo("\nWhat no setting can change:")
    for limit in limits:
        typer.echo(f"  - {limit}")


def _files(data: Path) -> list[Check]:
    checks = []
    for name in PRIVATE:
        path = data / name
        if not path.exists():
            continue
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            checks.append(
                Check(False, f"{path} may be read by others ({mode:04o}).", f"chmod 600 {path}")
            )
        else:
            checks.append(Check(True, f"{path} is private."))
    return checks


def _site(data: Path) -> list[Check]:
    if not (data / "site").exists():
        return []
    found = _asked(lambda: ask_site(data, "health"))
    if isinstance(found, Check):
        return [found]
    troubles = [Check(False, f"The site shows: {t}") for t in found["trouble"]]
    return troubles or [Check(True, "The site runs and has no trouble.")]


def _station(data: Path) -> list[Check]:
    if not (data / "station").exists():
        return []
    found = _asked(lambda: ask_station(data, "examine"))
    if isinstance(found, Check):
        return [found]
    checks = [
        Check(False, f"{site}: nobody will come. {why}", "Prove a hand-off in the console: Sites.")
        for site, why in found["nobody_comes"].items()
    ]
    checks += [
        Check(False, problem, "Change the plan or the rota.") for problem in found["problems"]
    ]
    if found["unopened"]:
        what = f"{found['unopened']} report(s) could not be opened and are kept."
        checks.append(
            Check(False, what, "See the incidents about them; restore the station's keys.")
        )
    return checks or [Check(True, "The station runs, and somebody would come to every site.")]


def _asked(question: Any) -> Any:
    try:
        return question()
    except WatchwordError as e:
        return Check(False, e.message, e.hint)
