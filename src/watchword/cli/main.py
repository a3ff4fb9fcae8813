"""The command line: what exists, and how every failure is told (one line, exit status 2).

A command imports its parts only when it runs, so that the process which becomes a site
never holds the station's modules.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from watchword.core.errors import WatchwordError

EXIT_BAD = 2

DataDir = Annotated[
    Path,
    typer.Option(
        "--data", envvar="WATCHWORD_DATA", help="The data directory; holds site/ and station/."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Host = Annotated[str, typer.Option(help="The address to listen on; plain HTTP on loopback only.")]
SitePort = Annotated[int, typer.Option(help="Port of the keypad's pages.", min=1, max=65535)]
StationPort = Annotated[int, typer.Option(help="Port of the console.", min=1, max=65535)]
UplinkPort = Annotated[int, typer.Option(help="Port of the uplink.", min=1, max=65535)]
ReadyFd = Annotated[int, typer.Option(hidden=True)]
ParentFd = Annotated[int, typer.Option(hidden=True)]

DEFAULT_DATA = Path("data")

app = typer.Typer(
    name="watchword",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A self-hosted duress alarm code system: the site never knows which code was used.",
)
person = typer.Typer(no_args_is_help=True, help="The people of a site: add, list, remove.")
pair = typer.Typer(no_args_is_help=True, help="Pair a site with a station, or a keypad.")
zone = typer.Typer(no_args_is_help=True, help="Tell a site that a zone opened or closed.")
key = typer.Typer(no_args_is_help=True, help="Back up and restore the station's keys.")
app.add_typer(person, name="person")
app.add_typer(pair, name="pair")
app.add_typer(zone, name="zone")
app.add_typer(key, name="key")


@app.command()
def up(
    data: DataDir = DEFAULT_DATA,
    demo: Annotated[bool, typer.Option("--demo", help="Fill in a sample hotel.")] = False,
    host: Host = "127.0.0.1",
    site_port: SitePort = 8080,
    station_port: StationPort = 8081,
    uplink_port: UplinkPort = 8082,
) -> None:
    """Run a site and a station as two processes, paired with each other on the first start."""
    from watchword.wiring.up import Ports, run

    ports = Ports(site=site_port, station=station_port, uplink=uplink_port)
    sys.exit(run(data, demo=demo, host=host, ports=ports))


@app.command()
def site(
    data: DataDir = DEFAULT_DATA,
    host: Host = "127.0.0.1",
    port: SitePort = 8080,
    ready_fd: ReadyFd = -1,
    parent_fd: ParentFd = -1,
) -> None:
    """Run the premises' half: panel, keypad pages, uplink."""
    from watchword.cli.site import run_site

    run_site(data, host=host, port=port, ready_fd=ready_fd, parent_fd=parent_fd)


@app.command()
def station(
    data: DataDir = DEFAULT_DATA,
    host: Host = "127.0.0.1",
    port: StationPort = 8081,
    uplink_port: UplinkPort = 8082,
    ready_fd: ReadyFd = -1,
    parent_fd: ParentFd = -1,
) -> None:
    """Run the monitoring half: uplink receiver, incidents, console, hand-offs."""
    from watchword.cli.station import run_station

    run_station(
        data, host=host, port=port, uplink_port=uplink_port, ready_fd=ready_fd, parent_fd=parent_fd
    )


@app.command(hidden=True)
def provision(
    data: DataDir,
    demo: bool = False,
    host: Host = "127.0.0.1",
    site_port: SitePort = 8080,
    station_port: StationPort = 8081,
    uplink_port: UplinkPort = 8082,
) -> None:
    """Set both halves up and pair them; a short-lived process that `up` starts."""
    from watchword.wiring.provision import provision_both

    provision_both(
        data,
        demo=demo,
        host=host,
        site_port=site_port,
        station_port=station_port,
        uplink_port=uplink_port,
    )


@app.command()
def attempt(
    code: Annotated[str, typer.Option(help="The digits, or - to read them from standard input.")],
    action: Annotated[str, typer.Option(help="disarm, arm-away, arm-home or arm-night.")],
    area: Annotated[str | None, typer.Option(help="The area; the first when left out.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Enter a code as at a keypad and print exactly what a keypad would show."""
    from watchword.cli.local import enter_code

    enter_code(data, code=code, action=action, area=area, as_json=as_json)


@zone.command("open")
def zone_open(name: str, data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """Say that a zone opened."""
    from watchword.cli.local import set_zone

    set_zone(data, name=name, is_open=True, as_json=as_json)


@zone.command("close")
def zone_close(name: str, data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """Say that a zone closed."""
    from watchword.cli.local import set_zone

    set_zone(data, name=name, is_open=False, as_json=as_json)


@app.command()
def incidents(data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the incidents that the station opened, newest first."""
    from watchword.cli.local import list_incidents

    list_incidents(data, as_json=as_json)


@app.command()
def signals(data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the signals that the station received, newest first."""
    from watchword.cli.local import list_signals

    list_signals(data, as_json=as_json)


@app.command()
def doctor(data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """Look for what would fail today, and say what to do about it."""
    from watchword.cli.doctor import examine

    sys.exit(examine(data, as_json=as_json))


@person.command("add")
def person_add(
    name: str,
    data: DataDir = DEFAULT_DATA,
    site: Annotated[str | None, typer.Option(help="The site, when there are several.")] = None,
    invite: Annotated[
        bool, typer.Option("--invite", help="Print a one-time link instead of codes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give a person two codes; shows them once, here."""
    from watchword.cli.person import add_person, invite_person

    if invite:
        invite_person(data, name=name, site=site, as_json=as_json)
    else:
        add_person(data, name=name, site=site, as_json=as_json)


@person.command("list")
def person_list(data: DataDir = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the people of all sites; never a code."""
    from watchword.cli.person import list_people

    list_people(data, as_json=as_json)


@person.command("remove")
def person_remove(
    name: str,
    data: DataDir = DEFAULT_DATA,
    site: Annotated[str | None, typer.Option(help="The site, when there are several.")] = None,
    as_json: Json = False,
) -> None:
    """Take both codes of a person away, at once."""
    from watchword.cli.person import remove_person

    remove_person(data, name=name, site=site, as_json=as_json)


@pair.command("site")
def pair_site(
    name: Annotated[str, typer.Argument(help="The site's name.")],
    data: DataDir = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """At the station: print a one-time string that pairs a new site."""
    from watchword.cli.pair import offer_site

    offer_site(data, name=name, as_json=as_json)


@pair.command("join")
def pair_join(
    string: Annotated[str, typer.Argument(help="The one-time string, or - for standard input.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """At the site: join the station that printed this string."""
    from watchword.cli.join import join_station

    join_station(data, string=string)


@pair.command("keypad")
def pair_keypad(
    name: Annotated[str, typer.Argument(help="The keypad's name.")] = "Keypad",
    area: Annotated[str | None, typer.Option(help="Its area; the first when left out.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """At the site: print a one-time link and code that pair a browser as a keypad."""
    from watchword.cli.pair import offer_keypad

    offer_keypad(data, name=name, area=area, as_json=as_json)


@key.command("backup")
def key_backup(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    secret: Annotated[str, typer.Option("--key", help="The pass-phrase, or - to read it.")] = "-",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Write the station's keys, sealed by a pass-phrase."""
    from watchword.cli.key import backup_keys

    backup_keys(data, out=out, secret=secret)


@key.command("restore")
def key_restore(
    source: Annotated[Path, typer.Option("--from", help="The back-up to read.")],
    secret: Annotated[str, typer.Option("--key", help="The pass-phrase, or - to read it.")] = "-",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Put the station's keys back from a sealed back-up; the station must be stopped."""
    from watchword.cli.key import restore_keys

    restore_keys(data, source=source, secret=secret)


def main() -> NoReturn:
    """Run the command line; every known failure is one line on standard error, status 2."""
    try:
        app()
    except WatchwordError as e:
        typer.echo(f"watchword: {e}", err=True)
        sys.exit(EXIT_BAD)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(0)
