"""What local commands may ask of a running station: plain values in, plain values out."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from watchword.adapters.shared.control import Handler
from watchword.adapters.shared.tls import Identity
from watchword.adapters.station.pairing import hand_out
from watchword.core.errors import InputError
from watchword.core.timing import Clock
from watchword.station.accounts import Accounts
from watchword.station.enrol import Enrolments
from watchword.station.enrol_views import Taken, Waiting
from watchword.station.incidents import Desk
from watchword.station.overview import Overview
from watchword.station.people import People
from watchword.storage.shared.store import Store
from watchword.storage.station import queries


class Commands:
    """The handlers of the station's private socket."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        desk: Desk,
        people: People,
        enrolments: Enrolments,
        overview: Overview,
        accounts: Accounts,
        identity: Identity,
        uplink_address: str,
    ) -> None:
        self.store = store
        self.clock = clock
        self.desk = desk
        self.people = people
        self.enrolments = enrolments
        self.overview = overview
        self.accounts = accounts
        self.identity = identity
        self.uplink_address = uplink_address

    def handlers(self) -> dict[str, Handler]:
        """What local commands may ask."""
        return {
            "incidents": self._incidents,
            "signals": self._signals,
            "invite": self._invite,
            "people": self._people,
            "person-remove": self._person_remove,
            "enrol-begin": self._enrol_begin,
            "enrol-submit": self._enrol_submit,
            "enrol-result": self._enrol_result,
            "pair-offer": self._pair_offer,
            "examine": self._examine,
        }

    async def _incidents(self, _: Mapping[str, Any]) -> Any:
        return await self.desk.listing()

    async def _signals(self, _: Mapping[str, Any]) -> Any:
        return await self.desk.signals()

    async def _invite(self, given: Mapping[str, Any]) -> Any:
        site = await self.people.find_site(_optional(given, "site"))
        made = await self.people.invite_as(site.id, str(given["name"]), by="command")
        return {"link": made.link, "code": made.code}

    async def _people(self, _: Mapping[str, Any]) -> Any:
        def look(c: Connection) -> list[dict[str, str]]:
            return [
                {"site": site.name, "name": person.name, "state": _state(c, person.id)}
                for site in queries.sites(c)
                for person in queries.people(c, site.id)
            ]

        return await self.store.read(look)

    async def _person_remove(self, given: Mapping[str, Any]) -> Any:
        site = await self.people.find_site(_optional(given, "site"))
        await self.people.remove_as(site.id, str(given["name"]), by="command")
        return {"site": site.name, "name": str(given["name"])}

    async def _enrol_begin(self, given: Mapping[str, Any]) -> Any:
        site = await self.people.find_site(_optional(given, "site"))
        offer = await self.enrolments.begin(site.id, str(given["name"]), by="command")
        return {
            "enrolment": offer.enrolment.hex(),
            "digits": offer.digits,
            "policy": offer.policy,
            "station_key": b64encode(offer.station_key).decode(),
            "station_key_id": offer.station_key_id.hex(),
            "site_key": b64encode(offer.site_key).decode(),
        }

    async def _enrol_submit(self, given: Mapping[str, Any]) -> Any:
        try:
            enrolment = bytes.fromhex(given["enrolment"])
            sealed = b64decode(given["sealed"], validate=True)
            slots = tuple((bytes.fromhex(a), bytes.fromhex(b)) for a, b in given["slots"])
        except (ValueError, TypeError, KeyError) as e:
            raise InputError("The batch has the wrong form.") from e
        await self.enrolments.send(enrolment, sealed, slots)
        return {"state": "waiting"}

    async def _enrol_result(self, given: Mapping[str, Any]) -> Any:
        outcome = await self.enrolments.outcome(bytes.fromhex(str(given["enrolment"])))
        if isinstance(outcome, Taken):
            return {"state": "taken", "pair": outcome.pair}
        return {"state": "waiting" if isinstance(outcome, Waiting) else "refused"}

    async def _pair_offer(self, given: Mapping[str, Any]) -> Any:
        made = hand_out(self.uplink_address, self.identity, at=self.clock.now())
        await self.accounts.offer(str(given["name"]), made.secret_hash, made.expires_at)
        return {"string": made.text, "expires_at": made.expires_at}

    async def _examine(self, _: Mapping[str, Any]) -> Any:
        found = await self.overview.examine()
        return {
            "problems": [problem.message for problem in found.problems],
            "nobody_comes": found.nobody_comes,
            "unopened": found.unopened,
        }


def _state(c: Connection, person: str) -> str:
    active = any(slot.state == "active" for slot in queries.slots_of_person(c, person))
    return "holds codes" if active else "invited"


def _optional(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    return None if value is None else str(value)
