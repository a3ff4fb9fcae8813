"""The sample hotel: people whose codes are drawn against a plain set, and their operator.

Codes are written into `demo.json` and nowhere else. A real site's codes are never in one
process with their meanings; a demo shows them, so it may.
"""

import json
import secrets
from pathlib import Path

from sqlalchemy import Connection

from watchword.adapters.shared.clock import SystemClock
from watchword.adapters.shared.files import write_private
from watchword.site.config import SiteSettings
from watchword.site.slots import OWNER_BYTES, Cost, Slots, make_row, padded
from watchword.station.accounts import SiteProfile
from watchword.station.draw import DrawnPerson, draw_people
from watchword.station.keys import StationKeys
from watchword.station.sessions import Sessions
from watchword.storage.shared.store import Store
from watchword.storage.site import queries as site_queries
from watchword.storage.site.queries import SlotRow as SiteRow
from watchword.storage.station import queries as station_queries
from watchword.storage.station.queries import PersonRow, SlotRow, SlotState
from watchword.wiring.site import DERIVATION, SITE_KEY
from watchword.wiring.station import DEMO

NAMES = ("Maria Lopez", "Ben Okafor", "Sofia Rossi", "Tom Weber")
OPERATOR = "demo"
CALL_BACK = "+1 555 0142"  # a number that is reserved for fiction
PROFILE = SiteProfile(
    name="Hotel Aurora",
    address="1 Harbour Street, Northport",
    approach="Staff entrance in Mill Lane. The lobby has glass on two sides.",
    notes="62 rooms. One clerk from 22:00 to 06:00. Safe in the back office.",
    time_zone="UTC",
)


async def fill(
    data: Path, station: Store, site: Store, settings: SiteSettings, keys: StationKeys
) -> None:
    """Give the sample hotel its people and its operator, once."""
    if (data / "demo.json").exists():
        return
    people = draw_people(
        NAMES,
        settings.policy,
        settings.digits,
        randbelow=secrets.randbelow,
        token_bytes=secrets.token_bytes,
    )
    ids = [secrets.token_bytes(16) for _ in people]
    await _enter_at_station(station, site, people, ids, keys)
    await _enter_at_site(data, site, people, ids, keys)
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    sessions = Sessions(store=station, clock=SystemClock())
    await sessions.set_operator(
        OPERATOR,
        display="Demo operator",
        password=password,
        may=frozenset({"work", "people", "prove"}),
        by="set-up",
    )
    shown = {
        "people": [
            {
                "name": one.name,
                "normal": one.pair.normal().reveal(),
                "duress": one.pair.duress().reveal(),
            }
            for one in people
        ],
        "console": {"url": "", "user": OPERATOR, "password": password},
        "keypad": {"url": ""},
    }
    write_private(data / "demo.json", json.dumps(shown, indent=2).encode())


async def _enter_at_station(
    station: Store,
    site: Store,
    people: tuple[DrawnPerson, ...],
    ids: list[bytes],
    keys: StationKeys,
) -> None:
    identity = await site.read(site_queries.identity_get)
    site_id = identity.site_id if identity else ""
    key_id = keys.newest.id

    def write(c: Connection) -> None:
        for one, id_ in zip(people, ids, strict=True):
            station_queries.person_add(c, PersonRow(id_.hex(), site_id, one.name))
            station_queries.slots_add(
                c,
                [
                    SlotRow(ref.hex(), site_id, id_.hex(), None, SlotState.ACTIVE, 0, key_id)
                    for ref in one.pair.refs
                ],
            )
        now_ms = int(SystemClock().now() * 1000)
        station_queries.site_update(c, site_id, live_ms=now_ms)
        station_queries.value_set(c, DEMO, True)

    await station.write(write)


async def _enter_at_site(
    data: Path,
    site: Store,
    people: tuple[DrawnPerson, ...],
    ids: list[bytes],
    keys: StationKeys,
) -> None:
    cost = await site.read(lambda c: site_queries.value_get(c, DERIVATION))
    slots = Slots((data / "site" / SITE_KEY).read_bytes(), Cost(**cost))
    newest = keys.newest
    rows: list[SiteRow] = []
    owners: list[bytes] = []
    for one, id_ in zip(people, ids, strict=True):
        owners.append(secrets.token_bytes(OWNER_BYTES))
        for row in one.pair.rows(newest.pair.public, newest.id):
            derived = slots.derive(row.code)
            rows.append(make_row(owner=owners[-1], derived=derived, person=id_, token=row.token))

    def write(c: Connection) -> None:
        site_queries.rows_replace(c, padded(rows))
        for one, id_, owner in zip(people, ids, owners, strict=True):
            site_queries.person_add(c, site_queries.PersonRow(id_.hex(), one.name, owner))

    await site.write(write)
