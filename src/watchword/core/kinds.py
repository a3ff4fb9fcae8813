"""What may happen, gravest first, and the facts and effects that tell of it.

This file owns the vocabulary of incidents: kinds, causes, signals, facts and effects.
Like `core.incident` it is closed to the site: here it is said what a site must not know.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened, gravest first."""

    DURESS = "duress"
    HOLD_UP = "hold-up"
    INTRUDER = "intruder"
    MEDICAL = "medical"
    ASSISTANCE = "assistance"
    FIRE = "fire"
    BURGLARY = "burglary"
    PATH_LOSS = "path-loss"
    TROUBLE = "trouble"

    @property
    def priority(self) -> int:
        """Its place in the queue: 10 is the gravest, 90 the least."""
        return _PRIORITY[self]

    @property
    def life(self) -> bool:
        """Whether somebody's life may be at stake: escalation never ends by itself."""
        return self.priority < Kind.BURGLARY.priority

    @property
    def covert(self) -> bool:
        """Whether the site must look exactly as if nothing had been signalled."""
        return self in COVERT_KINDS


_PRIORITY = {kind: 10 * (place + 1) for place, kind in enumerate(Kind)}
_ATTENTION_PRIORITY = 35  # below the known threats: it may be one of them, exchanged on its way
COVERT_KINDS = frozenset({Kind.DURESS, Kind.HOLD_UP})


class HandoffState(StrEnum):
    """How far passing it on has come; only a human accepts."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    FAILED = "failed"


class Cause(StrEnum):
    """Why an incident was closed."""

    GENUINE = "genuine"
    MISTAKE = "mistake"
    TECHNICAL = "technical"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class ReportId:
    """What names one report for ever: site number, boot epoch, class, counter."""

    site: int
    epoch: int
    cls: int
    counter: int


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that a site, or the station about it, says has happened.

    `subjects` are whom and where it concerns ("person:…", "entry:2", "area:1", "link").
    `secret` marks what was learned only by opening something sealed: it is covert whatever
    its kind. `attention` marks a trouble that may hide a threat and needs a person.
    """

    report: ReportId
    kind: Kind
    subjects: tuple[str, ...]
    secret: bool = False
    attention: bool = False

    @property
    def covert(self) -> bool:
        """Whether the premises may not learn of it before release."""
        return self.secret or self.kind.covert

    @property
    def priority(self) -> int:
        """Its place in the queue; lower is graver."""
        return priority(self.kind, attention=self.attention)


# Facts. Only SignalReceived ever comes from a site.


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """A site signalled."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Claimed:
    """An operator took it."""

    by: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The operator who had it gave it to another."""

    by: str
    to: str


@dataclass(frozen=True, slots=True)
class Noted:
    """An operator wrote something down; the text lives in the journal."""

    by: str


@dataclass(frozen=True, slots=True)
class DispatchStarted:
    """Passing it on began, by the plan ("system") or by an operator."""

    by: str


@dataclass(frozen=True, slots=True)
class HandoffChanged:
    """A hand-off moved; a machine's answer is at most `delivered`."""

    state: HandoffState


@dataclass(frozen=True, slots=True)
class Accepted:
    """A human who sends help said yes; `who` is that human, `by` the operator or the link used."""

    by: str
    who: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """What happened is told to a verified person off the site."""

    by: str
    reason: str
    reference: str
    to_whom: str


@dataclass(frozen=True, slots=True)
class Closed:
    """An operator ends it, with a cause."""

    by: str
    cause: Cause
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Another operator looked at a closed duress again."""

    by: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class SecondLookDeferred:
    """The second look happens later; it cannot be dropped."""

    by: str
    until: float


Fact = (
    SignalReceived
    | Claimed
    | HandedOver
    | Noted
    | DispatchStarted
    | HandoffChanged
    | Accepted
    | Released
    | Closed
    | SecondLook
    | SecondLookDeferred
)


# Effects


@dataclass(frozen=True, slots=True)
class Alert:
    """Sound at operators' consoles; `fresh` starts the clock of escalation anew."""

    fresh: bool


@dataclass(frozen=True, slots=True)
class StartPlan:
    """Begin the response plan of this kind."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class RenewCodes:
    """Both codes of the people concerned are to be issued anew."""

    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskSecondLook:
    """Another operator is to look again by this time."""

    due_at: float


Effect = Alert | StartPlan | RenewCodes | AskSecondLook


def priority(kind: Kind, *, attention: bool) -> int:
    """The place in the queue, lower is graver; what needs a person stands above its kind."""
    return min(kind.priority, _ATTENTION_PRIORITY) if attention else kind.priority


def incident_id(site: int, epoch: int, cls: int, counter: int) -> str:
    """The incident's id, 32 hex digits, from its first report.

    The same at every station that received the report, so that their hand-offs are
    recognised as one.
    """
    named = struct.pack(">IQBI", site, epoch, cls, counter)
    return hashlib.sha256(b"watchword/incident/1|" + named).hexdigest()[:32]
