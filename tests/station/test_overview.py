"""Would anybody hear, and would anybody come: asked of the station as it is."""

import pytest

from monitored import OFF_SITE, SITE, Station
from watchword.core.plan import builtin_plans
from watchword.station.overview import Overview
from watchword.station.record import Rules
from watchword.storage.station import queries
from watchword.storage.station.queries import OperatorRow, ProofRow


def overview(station: Station) -> Overview:
    return Overview(
        store=station.store, clock=station.clock, rules=station.rules, watch=station.watch
    )


def operator(station: Station, *, disabled: bool = False) -> None:
    row = OperatorRow("ann", "Ann", "x", frozenset({"work"}), disabled)
    station.store.write_now(lambda c: queries.operator_set(c, row))


def prove(station: Station, kind: str) -> None:
    proof = ProofRow(SITE, kind, int(station.clock.now() * 1000), 3600, "ann", "R1")
    station.store.write_now(lambda c: queries.proof_add(c, proof))


async def test_nobody_comes_until_it_is_proven(station: Station) -> None:
    view = (await overview(station).sites(OFF_SITE))[0]
    assert "never proven" in view.nobody_comes
    assert (view.link, view.live, view.people) == ("never", False, ("Maria Lopez",))
    prove(station, "psap")
    assert (await overview(station).sites(OFF_SITE))[0].nobody_comes == ""
    station.clock.forward(3601)
    assert "overdue" in (await overview(station).sites(OFF_SITE))[0].nobody_comes


async def test_an_undeclared_site_is_the_hardest_case(station: Station) -> None:
    station.store.write_now(lambda c: queries.site_update(c, SITE, watched="?"))
    prove(station, "psap")
    assert (await overview(station).sites(OFF_SITE))[0].nobody_comes


async def test_the_link(station: Station) -> None:
    station.watch.heard(SITE)
    await station.watch.process()
    assert (await overview(station).sites(OFF_SITE))[0].link == "up"
    station.clock.forward(200)
    assert (await overview(station).sites(OFF_SITE))[0].link == "down"


async def test_doctor_finds_an_empty_rota(station: Station) -> None:
    found = await overview(station).examine()
    assert [p.subject for p in found.problems] == ["rota"]
    assert set(found.nobody_comes) == {"Hotel 1", "Hotel 2"}
    operator(station, disabled=True)
    assert (await overview(station).examine()).problems
    operator(station)
    assert (await overview(station).examine()).problems == ()


async def test_doctor_finds_a_missing_plan(station: Station) -> None:
    operator(station)
    station.rules = Rules(plans={p.kind: p for p in builtin_plans() if p.kind != "duress"})
    problems = (await overview(station).examine()).problems
    assert {p.rule for p in problems} == {"never-mute"}


@pytest.mark.parametrize("kept", [0, 1])
async def test_doctor_counts_what_could_not_be_opened(station: Station, kept: int) -> None:
    for _ in range(kept):
        await station.hear(station.fake_site(2).attempt(station.duress_token()))
    assert (await overview(station).examine()).unopened == kept
