"""The station's settings file, `station.toml`: read once at the start, every fault named.

A setting that is not known is a fault too: a misspelt webhook must not be silence.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watchword.core.errors import ConfigError

SAMPLE = """\
# Settings of this monitoring station. Restart the station after a change.

[station]
name = "Watchword station"
# The number that goes to those who send help: yours, off the premises, never the site's.
call_back = ""
# How browsers reach the console from outside, for enrolment links: https://station.example
base_url = ""
# Where sites on other machines find the uplink: the address to listen on, and the host:port
# that goes into pairing strings. Empty: only this machine can reach it.
uplink_host = ""
uplink_address = ""
# Empty for SQLite in this directory; postgresql+psycopg://user@host/name for many nodes.
database = ""

# Where incidents that are dispatched are sent besides the operator's sheet. The key signs
# each message (HMAC-SHA256); keep it in a file of its own, mode 0600.
# [[webhook]]
# name = "Police desk"
# url = "https://dispatch.example/watchword"
# key_file = "webhook.key"
"""

_STATION_KEYS = {"name", "call_back", "base_url", "database", "uplink_host", "uplink_address"}
_LOCAL = re.compile(r"http://(127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/.*)?")
_WEBHOOK_KEYS = {"name", "url", "key_file", "sites"}


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """One receiver of signed messages; `sites` empty means all of them."""

    name: str
    url: str
    key: bytes = field(repr=False)
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StationSettings:
    """What a station is told by its operator."""

    name: str = "Watchword station"
    call_back: str = ""
    base_url: str = ""
    database: str = field(default="", repr=False)
    uplink_host: str = ""
    uplink_address: str = ""
    webhooks: tuple[WebhookSettings, ...] = ()


def parse_settings(path: Path, text: str, read_key: Any) -> StationSettings:
    """Read `station.toml`; `read_key(path)` gives the bytes of a private key file.

    Raises:
        ConfigError: it names the file, the setting and what to do.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path} is not valid TOML: {e}.") from e
    _known(path, plain, {"station", "webhook"}, "the file")
    station = _table(path, plain.get("station", {}), "station")
    _known(path, station, _STATION_KEYS, "[station]")
    hooks = plain.get("webhook", [])
    if not isinstance(hooks, list):
        raise ConfigError(f"{path}: write [[webhook]] with two brackets.")
    return StationSettings(
        name=_text(path, station, "name", "Watchword station"),
        call_back=_text(path, station, "call_back", ""),
        base_url=_text(path, station, "base_url", ""),
        database=_text(path, station, "database", ""),
        uplink_host=_text(path, station, "uplink_host", ""),
        uplink_address=_text(path, station, "uplink_address", ""),
        webhooks=tuple(_webhook(path, _table(path, h, "webhook"), read_key) for h in hooks),
    )


def _webhook(path: Path, plain: dict[str, Any], read_key: Any) -> WebhookSettings:
    _known(path, plain, _WEBHOOK_KEYS, "[[webhook]]")
    name, url = _text(path, plain, "name", ""), _text(path, plain, "url", "")
    if not name or not _may_be_sent_to(url):
        raise ConfigError(
            f"{path}: a [[webhook]] needs a name and an https:// address.",
            hint="Plain http:// is accepted on this machine's own addresses only.",
        )
    key_file = path.parent / _text(path, plain, "key_file", "")
    sites = plain.get("sites", [])
    if not isinstance(sites, list) or not all(isinstance(s, str) for s in sites):
        raise ConfigError(f"{path}: `sites` of a [[webhook]] is a list of site names.")
    return WebhookSettings(name, url, read_key(key_file), tuple(sites))


def _may_be_sent_to(url: str) -> bool:
    """HTTPS to anybody; plain HTTP to this machine only, whatever else the address says."""
    if _LOCAL.fullmatch(url):
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def _known(path: Path, plain: dict[str, Any], known: set[str], where: str) -> None:
    for key in plain:
        if key not in known:
            raise ConfigError(
                f"{path}: {where} has no setting {key!r}.",
                hint=f"Known: {', '.join(sorted(known))}.",
            )


def _table(path: Path, value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {name} must be a table.")
    return value


def _text(path: Path, plain: dict[str, Any], key: str, default: str) -> str:
    value = plain.get(key, default)
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {key} must be a text in quotes.")
    return value.strip()
