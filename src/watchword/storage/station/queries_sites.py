"""Who is watched: organisations, regions, sites, their names, proofs, pairing and letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from watchword.core.errors import NotFoundError
from watchword.storage.shared.chain import GENESIS, Head
from watchword.storage.shared.sql import added, changed, fetch, fetch_one, upsert
from watchword.storage.station import schema as t


class LetterState(StrEnum):
    """A letter waits to be carried down, or the site has it."""

    QUEUED = "queued"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """Whose sites are watched."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A part of an organisation."""

    id: str
    organisation: str
    name: str


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as the station knows it; `live_ms` None is "not yet live"."""

    id: str
    number: int
    region: str
    name: str
    address: str
    approach: str
    notes: str
    time_zone: str
    watched: str
    category: str
    policy: str
    digits: int
    tls_fingerprint: str | None
    hpke_public: bytes | None
    live_ms: int | None
    joined_ms: int
    last_seen_ms: int | None = None
    chain_length: int = 0
    chain_head: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class WitnessBreak:
    """A site's journal that does not continue what the station had witnessed."""

    site: str
    at_ms: int
    known: Head
    told: Head


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One proof that help answers: kind is responders, station or psap."""

    site: str
    kind: str
    proven_ms: int
    interval_s: int
    who: str
    reference: str


@dataclass(frozen=True, slots=True)
class PairingRow:
    """A one-time invitation to a site to pair."""

    secret_hash: bytes = field(repr=False)
    site_name: str = ""
    plain: dict[str, Any] = field(default_factory=dict)
    expires_ms: int = 0
    used_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """Sealed bytes on their way down to a site."""

    id: int
    site: str
    kind: str
    sealed: bytes = field(repr=False)
    state: str
    created_ms: int


# --- plain values


def value_get(c: Connection, key: str) -> Any:
    """The plain value under this key, or None."""
    return c.execute(select(t.value.c.plain).where(t.value.c.key == key)).scalar()


def value_set(c: Connection, key: str, plain: Any) -> None:
    """Keep a plain JSON value under this key."""
    upsert(c, t.value, {"key": key}, {"plain": plain})


# --- organisations, regions, sites


def organisation_add(c: Connection, organisation: OrganisationRow) -> None:
    """Add an organisation, or give the one with this id its new name."""
    upsert(c, t.organisation, {"id": organisation.id}, {"name": organisation.name})


def organisations(c: Connection) -> tuple[OrganisationRow, ...]:
    """All organisations, by name."""
    return fetch(c, select(t.organisation).order_by(t.organisation.c.name), OrganisationRow)


def region_add(c: Connection, region: RegionRow) -> None:
    """Add a region, or change the one with this id."""
    values = {"organisation": region.organisation, "name": region.name}
    upsert(c, t.region, {"id": region.id}, values)


def regions(c: Connection, *, organisation: str | None = None) -> tuple[RegionRow, ...]:
    """The regions of one organisation or of all, by name."""
    all_of_them = select(t.region).order_by(t.region.c.name)
    if organisation is not None:
        all_of_them = all_of_them.where(t.region.c.organisation == organisation)
    return fetch(c, all_of_them, RegionRow)


def site_add(c: Connection, site: SiteRow) -> None:
    """Add a site; IntegrityError when its id, number or TLS key is taken."""
    c.execute(insert(t.site), {f.name: getattr(site, f.name) for f in fields(site)})


def site_next_number(c: Connection) -> int:
    """The first number above all that were given, from 1."""
    return int(c.execute(select(func.max(t.site.c.number))).scalar() or 0) + 1


def site_get(c: Connection, site: str) -> SiteRow | None:
    """The site with this id, or None."""
    return fetch_one(c, _sites().where(t.site.c.id == site), SiteRow)


def site_by_number(c: Connection, number: int) -> SiteRow | None:
    """The site that reports under this number, or None."""
    return fetch_one(c, _sites().where(t.site.c.number == number), SiteRow)


def site_by_fingerprint(c: Connection, tls_fingerprint: str) -> SiteRow | None:
    """The site whose uplink proves itself with this key, or None."""
    return fetch_one(c, _sites().where(t.site.c.tls_fingerprint == tls_fingerprint), SiteRow)


def sites(c: Connection, *, region: str | None = None) -> tuple[SiteRow, ...]:
    """The sites of one region or of all, by name."""
    all_of_them = _sites().order_by(t.site.c.name, t.site.c.id)
    if region is not None:
        all_of_them = all_of_them.where(t.site.c.region == region)
    return fetch(c, all_of_them, SiteRow)


def site_update(c: Connection, site: str, **values: Any) -> None:
    """Change columns of a site by name (name, address, approach, watched, live_ms, ...).

    Raises:
        NotFoundError: there is no such site.
    """
    if not changed(c, update(t.site).where(t.site.c.id == site).values(**values)):
        raise NotFoundError("There is no such site.")


def sites_seen(c: Connection, seen_ms: dict[str, int]) -> None:
    """Keep when each of these sites was last heard; never moves a time back."""
    for site, at_ms in seen_ms.items():
        older = t.site.c.last_seen_ms.is_(None) | (t.site.c.last_seen_ms < at_ms)
        c.execute(update(t.site).where(t.site.c.id == site, older).values(last_seen_ms=at_ms))


# --- witness of a site's journal


def witness_get(c: Connection, site: str) -> Head:
    """The head of the site's journal that was last accepted."""
    found = c.execute(
        select(t.site.c.chain_length, t.site.c.chain_head).where(t.site.c.id == site)
    ).first()
    return Head(0, GENESIS) if found is None else Head(int(found[0]), bytes(found[1]))


def witness_set(c: Connection, site: str, told: Head) -> None:
    """Accept a newer head of the site's journal."""
    site_update(c, site, chain_length=told.length, chain_head=told.hash)


def witness_break_add(c: Connection, broken: WitnessBreak) -> int:
    """Keep that a site's journal went back or was changed; returns its id."""
    row: dict[str, Any] = {"site": broken.site, "at_ms": broken.at_ms}
    row |= {"known_length": broken.known.length, "known_head": broken.known.hash}
    row |= {"told_length": broken.told.length, "told_head": broken.told.hash}
    return added(c, t.witness_break, row)


def witness_breaks(c: Connection, site: str) -> tuple[WitnessBreak, ...]:
    """Every break of this site's journal that was seen, newest first."""
    w = t.witness_break
    rows = c.execute(select(w).where(w.c.site == site).order_by(w.c.id.desc()))
    return tuple(
        WitnessBreak(
            r.site,
            r.at_ms,
            known=Head(r.known_length, r.known_head),
            told=Head(r.told_length, r.told_head),
        )
        for r in rows
    )


# --- the names behind the numbers of a report


def names_set(c: Connection, site: str, kind: str, names: dict[int, str]) -> None:
    """Keep the names of a site's numbers of one kind (area, place, zone); others stay."""
    for number, text in names.items():
        upsert(c, t.name, {"site": site, "kind": kind, "number": number}, {"text": text})


def names(c: Connection, site: str, kind: str) -> dict[int, str]:
    """The names of a site's numbers of one kind."""
    n = t.name.c
    rows = c.execute(select(n.number, n.text).where(n.site == site, n.kind == kind))
    return {int(number): str(text) for number, text in rows}


def name_get(c: Connection, site: str, kind: str, number: int) -> str | None:
    """The name of one number, or None when the site has not said it."""
    n = t.name.c
    one = select(n.text).where(n.site == site, n.kind == kind, n.number == number)
    found: str | None = c.execute(one).scalar()
    return found


# --- proofs that somebody comes


def proof_add(c: Connection, proof: ProofRow) -> int:
    """Keep a proof; earlier ones stay."""
    return added(c, t.proof, {f.name: getattr(proof, f.name) for f in fields(proof)})


def proofs(c: Connection, site: str) -> dict[str, ProofRow]:
    """The latest proof of each kind that this site has."""
    p = t.proof.c
    columns = select(p.site, p.kind, p.proven_ms, p.interval_s, p.who, p.reference)
    rows = fetch(c, columns.where(p.site == site).order_by(p.proven_ms, p.id), ProofRow)
    return {row.kind: row for row in rows}


# --- pairing


def pairing_add(c: Connection, pairing: PairingRow) -> None:
    """Keep the hash of a one-time pairing secret."""
    c.execute(insert(t.pairing), {f.name: getattr(pairing, f.name) for f in fields(pairing)})


def pairing_get(c: Connection, secret_hash: bytes) -> PairingRow | None:
    """The pairing invitation with this hash, used and expired ones too, or None."""
    p = t.pairing.c
    columns = select(p.secret_hash, p.site_name, p.plain, p.expires_ms, p.used_ms)
    return fetch_one(c, columns.where(p.secret_hash == secret_hash), PairingRow)


def pairing_take(c: Connection, secret_hash: bytes, at_ms: int) -> PairingRow | None:
    """Use a pairing secret up; None when it is unknown, used or expired."""
    p = t.pairing
    good = (p.c.secret_hash == secret_hash, p.c.used_ms.is_(None), p.c.expires_ms > at_ms)
    if not changed(c, update(p).where(*good).values(used_ms=at_ms)):
        return None
    columns = select(p.c.secret_hash, p.c.site_name, p.c.plain, p.c.expires_ms, p.c.used_ms)
    return fetch_one(c, columns.where(p.c.secret_hash == secret_hash), PairingRow)


# --- letters to a site


def letter_add(c: Connection, site: str, kind: str, sealed: bytes, created_ms: int) -> int:
    """Queue sealed bytes for a site; returns the letter's id."""
    row: dict[str, Any] = {"site": site, "kind": kind, "sealed": sealed}
    row |= {"state": LetterState.QUEUED, "created_ms": created_ms}
    return added(c, t.letter, row)


def letters_queued(c: Connection, site: str, *, limit: int = 16) -> tuple[LetterRow, ...]:
    """What waits for this site, oldest first."""
    waiting = select(t.letter).where(t.letter.c.site == site)
    waiting = waiting.where(t.letter.c.state == LetterState.QUEUED)
    return fetch(c, waiting.order_by(t.letter.c.id).limit(limit), LetterRow)


def letters_done(c: Connection, ids: Sequence[int]) -> int:
    """Mark letters as carried; returns how many were still queued."""
    these = update(t.letter).where(t.letter.c.id.in_(ids), t.letter.c.state == LetterState.QUEUED)
    return changed(c, these.values(state=LetterState.DONE)) if ids else 0


def letters_forget(c: Connection, before_ms: int) -> int:
    """Remove carried letters made before this time; returns how many."""
    old = (t.letter.c.state == LetterState.DONE, t.letter.c.created_ms < before_ms)
    return changed(c, delete(t.letter).where(*old))


def _sites() -> Select[Any]:
    return select(*(t.site.c[f.name] for f in fields(SiteRow)))
