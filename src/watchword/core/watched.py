"""How a site is watched, and whether it was proven that anybody would come.

This file owns the three proofs: each has its own date and interval.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Watched(StrEnum):
    """How a site declares that it is watched."""

    STAFFED = "staffed"
    RELAYED = "relayed"
    UNSTAFFED = "unstaffed"


class Proven(StrEnum):
    """What a proof has shown to answer."""

    RESPONDERS = "responders"
    STATION = "station"
    PSAP = "psap"


MONTH_S = 31 * 86_400.0
YEAR_S = 366 * 86_400.0
INTERVAL_S = {Proven.RESPONDERS: MONTH_S, Proven.PSAP: YEAR_S, Proven.STATION: YEAR_S}
_NEEDED = {
    Watched.STAFFED: (Proven.PSAP, Proven.RESPONDERS),
    Watched.RELAYED: (Proven.STATION,),
    Watched.UNSTAFFED: (Proven.RESPONDERS,),
}
_WHO = {
    Proven.RESPONDERS: "responders answer",
    Proven.STATION: "the other station answers",
    Proven.PSAP: "the public safety answering point takes it",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof that somebody answers: when, and for how long it counts, in seconds."""

    of: Proven
    at: float
    interval_s: float


def nobody_comes(watched: Watched, proofs: Iterable[Proof], at: float) -> str:
    """Why nobody would come to this site, or an empty string.

    A staffed site needs one of two proofs (those who send help take it, or responders
    answer), a relayed one that the other station answers, an unstaffed one that responders do.
    """
    needed = _NEEDED[watched]
    fitting = [proof for proof in proofs if proof.of in needed and proof.at <= at]
    if any(at <= proof.at + proof.interval_s for proof in fitting):
        return ""
    wanted = " or ".join(_WHO[of] for of in needed)
    if not fitting:
        return f"Nobody will come: it was never proven that {wanted}."
    days = int(min(at - p.at - p.interval_s for p in fitting) // 86_400)
    return f"Nobody may come: the proof that {wanted} is {days} days overdue."
