"""How a state becomes rows and back."""

import json

import pytest

from monitored import MARIA, SITE, Station
from watchword.core import incident as core
from watchword.core.errors import NotFoundError
from watchword.core.incident import Kind
from watchword.station.config import WebhookSettings
from watchword.station.record import Record, Rules, ms
from watchword.storage.station import queries


async def test_rows_follow_the_state(station: Station) -> None:
    await station.hear(station.site.attempt(station.duress_token()))
    row = station.only()
    state = core.from_plain(row.plain)
    assert json.loads(json.dumps(core.to_plain(state))) == row.plain
    assert (row.kind, row.priority, row.life) == (state.kind, state.priority, state.life)
    assert (row.person, row.entry_point, row.area) == (MARIA, 2, None)
    assert row.opened_ms == ms(state.opened_at)


def test_nothing_to_load(station: Station) -> None:
    with pytest.raises(NotFoundError):
        station.store.write_now(lambda c: Record(c, station.rules, 0.0).load("0" * 32))


def test_receivers_of_a_site(station: Station) -> None:
    site = station.store.read_now(lambda c: queries.site_get(c, SITE))
    assert site is not None
    everywhere = WebhookSettings("all", "https://a", b"k")
    by_name = WebhookSettings("name", "https://b", b"k", ("Hotel 1",))
    by_id = WebhookSettings("id", "https://c", b"k", (SITE,))
    other = WebhookSettings("other", "https://d", b"k", ("Hotel 2",))
    rules = Rules(webhooks=(everywhere, by_name, by_id, other))
    assert rules.of_site(site) == (everywhere, by_name, by_id)
    assert set(Rules().plans) == set(Kind)
