"""What the pages ask of the station, and nothing more.

The rule of this file: every question carries the session it is asked for, and the answer
holds only what that session may see. A page never filters: what it was not given it
cannot show, count, sound or send.

All methods raise the errors of `core.errors`. NotFoundError also stands for "not for
you": that something exists must not show.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from watchword.station.views import IncidentView, QueueItem, SessionView, SheetView, SiteView


class Place(StrEnum):
    """Where a console stands; a session without one counts as on the premises."""

    OFF_SITE = "off-site"
    PREMISES = "premises"


class May(StrEnum):
    """What a session may do beyond reading (`SessionView.may`)."""

    WORK = "work"
    PEOPLE = "people"
    PROVE = "prove"


CAUSES: Final = ("genuine", "mistake", "technical", "unexplained")
PROOFS: Final = ("responders", "station", "psap")
"""The three proofs that somebody comes: responders answer, the other station answers,
those who send help take it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invited person needs; shown once. The code travels another way than the link."""

    link: str = field(repr=False)
    code: str = field(repr=False)


class Sessions(Protocol):
    """Who sits at this console, and where it stands."""

    async def sign_in(self, user: str, password: str, address: str) -> str:
        """The secret of a new session.

        Raises NotAllowedError for a wrong user or password, alike and in equal time, and
        RefusedError (not its subclass) when there were too many tries, with the wait as hint.
        """
        ...

    async def session(self, secret: str) -> SessionView | None:
        """The session behind a secret, or None; asked once a second by every open console."""
        ...

    async def sign_out(self, secret: str) -> None:
        """End the session; unknown secrets are not an error."""
        ...

    async def set_place(self, secret: str, place: str) -> None:
        """Remember where this console stands: one of `Place`."""
        ...


class Desk(Protocol):
    """Incidents as one session may see and work them."""

    async def queue(self, session: SessionView) -> tuple[QueueItem, ...]:
        """What is open, by priority, then age."""
        ...

    async def incident(self, incident: str, session: SessionView) -> IncidentView:
        """One incident, open or closed; NotFoundError when there is none for this session."""
        ...

    async def colleagues(self, session: SessionView) -> tuple[str, ...]:
        """The other users that an incident can be handed to."""
        ...

    async def claim(self, incident: str, session: SessionView) -> None:
        """Take it."""
        ...

    async def hand_over(self, incident: str, session: SessionView, to: str) -> None:
        """Give it to one of `colleagues`."""
        ...

    async def note(self, incident: str, session: SessionView, text: str) -> None:
        """Write something down; history only grows."""
        ...

    async def dispatch(self, incident: str, session: SessionView) -> None:
        """Start passing it on to those who send help."""
        ...

    async def accept(
        self, incident: str, session: SessionView, handoff: int, *, who: str, reference: str
    ) -> None:
        """A human who sends help said yes; `reference` is theirs."""
        ...

    async def fail(self, incident: str, session: SessionView, handoff: int, *, reason: str) -> None:
        """A hand-off did not work; it escalates."""
        ...

    async def release(
        self, incident: str, session: SessionView, *, reason: str, reference: str, to_whom: str
    ) -> None:
        """Tell a verified person off the site what happened."""
        ...

    async def close(self, incident: str, session: SessionView, *, cause: str, note: str) -> None:
        """End it with one of `CAUSES`; the note is the reason that some closings need."""
        ...

    async def second_look(self, incident: str, session: SessionView, *, agrees: bool) -> None:
        """Another operator looked at a closed incident; not agreeing opens it again."""
        ...

    async def sheet(self, incident: str, session: SessionView) -> SheetView:
        """What is read to those who send help."""
        ...

    async def changes(self, after: int, timeout_s: float) -> int:
        """Wait until anything changed since `after`; the present version, or `after` in time."""
        ...


class Sites(Protocol):
    """The sites that a session may see, and the people there."""

    async def sites(self, session: SessionView) -> tuple[SiteView, ...]:
        """Every site, with how it is watched and whether anybody would come."""
        ...

    async def invite(self, site: str, session: SessionView, name: str) -> Invitation:
        """Let a person enrol: a one-time link and a one-time code."""
        ...

    async def remove(self, site: str, session: SessionView, person: str) -> None:
        """Take a person's codes away at once; `person` as in `SiteView.people`."""
        ...

    async def prove(self, site: str, session: SessionView, *, kind: str, reference: str) -> None:
        """Record one of `PROOFS` and what the other side said."""
        ...
