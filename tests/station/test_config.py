"""`station.toml`: every fault is named, and none is passed over in silence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.errors import ConfigError
from watchword.station.config import SAMPLE, StationSettings, parse_settings

PATH = Path("/etc/watchword/station.toml")
KEYS: dict[Path, bytes] = {PATH.parent / "webhook.key": b"k" * 32}


def parse(text: str) -> StationSettings:
    return parse_settings(PATH, text, KEYS.__getitem__)


def hook(**values: str) -> str:
    given = {"name": '"Police desk"', "url": '"https://dispatch.example/in"'}
    given |= {"key_file": '"webhook.key"', **values}
    return "[[webhook]]\n" + "\n".join(f"{key} = {value}" for key, value in given.items())


def test_the_sample_is_what_a_station_without_settings_does() -> None:
    assert parse(SAMPLE) == parse("") == StationSettings()


def test_the_samples_webhook_works_when_its_marks_are_taken_away() -> None:
    lines = SAMPLE.splitlines()
    start = lines.index("# [[webhook]]")
    text = "\n".join([*lines[:start], *(line.removeprefix("# ") for line in lines[start:])])
    (police,) = parse(text).webhooks
    assert (police.name, police.key) == ("Police desk", b"k" * 32)


def test_everything_is_read() -> None:
    station = '[station]\nname = " North "\ncall_back = "+1 555 0100"\nbase_url = "https://s"\n'
    station += 'database = "postgresql+psycopg://me:secret@host/name"\n'
    station += 'uplink_host = "192.0.2.7"\nuplink_address = "station.example:8082"\n'
    settings = parse(station + hook(sites='["Hotel Aurora"]'))
    assert (settings.uplink_host, settings.uplink_address) == ("192.0.2.7", "station.example:8082")
    assert (settings.name, settings.call_back, settings.base_url) == (
        "North",
        "+1 555 0100",
        "https://s",
    )
    assert settings.webhooks[0].sites == ("Hotel Aurora",)


def test_no_secret_is_in_a_repr() -> None:
    text = '[station]\ndatabase = "postgresql+psycopg://me:hunter2@host/name"\n' + hook()
    shown = repr(parse(text))
    assert "hunter2" not in shown and "kkkk" not in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[station", "not valid TOML"),
        ("[statoin]\n", "'statoin'"),
        ('[station]\nnmae = "x"\n', "'nmae'"),
        ("[station]\nname = 5\n", "name must be a text"),
        ("station = 5\n", "station must be a table"),
        ('[webhook]\nname = "x"\n', "two brackets"),
        ("webhook = [5]\n", "webhook must be a table"),
        (hook(nmae='"x"'), "'nmae'"),
        (hook(name='""'), "needs a name"),
        (hook(url='"ftp://x.example"'), "https://"),
        (hook(sites='"Hotel Aurora"'), "list of site names"),
        (hook(sites="[5]"), "list of site names"),
    ],
)
def test_a_fault_names_the_file_and_the_setting(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert says in str(caught.value)
    assert str(PATH) in caught.value.message


@pytest.mark.parametrize(
    "url", ["https://dispatch.example", "http://127.0.0.1:9/in", "http://[::1]:9/", "HTTPS://x.y"]
)
def test_addresses_that_are_taken(url: str) -> None:
    assert parse(hook(url=f'"{url}"')).webhooks[0].url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///in",
        "http://dispatch.example",
        "http://127.0.0.1.evil.example/in",  # it only begins like this machine
        "http://127.0.0.1@evil.example/in",
        "http://[::1].evil.example/",
        "http://[::1",
        "file:///etc/passwd",
        "httpx://127.0.0.1/",
    ],
)
def test_addresses_where_an_incident_would_cross_a_network_in_clear(url: str) -> None:
    with pytest.raises(ConfigError, match="https://"):
        parse(hook(url=f'"{url}"'))


def test_a_key_that_cannot_be_read_is_the_readers_error() -> None:
    def refuse(path: Path) -> bytes:
        raise ConfigError(f"{path} may be read by others (mode 0644).")

    with pytest.raises(ConfigError, match=r"webhook\.key may be read"):
        parse_settings(PATH, hook(), refuse)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_a_config_error(text: str) -> None:
    try:
        parse(text)
    except ConfigError as e:
        assert e.message
