"""Whether anybody would come."""

import pytest

from watchword.core.watched import INTERVAL_S, MONTH_S, Proof, Proven, Watched, nobody_comes

T0 = 1_790_000_000.0


@pytest.mark.parametrize("watched", Watched)
def test_without_proof_nobody_comes(watched: Watched) -> None:
    assert "never proven" in nobody_comes(watched, [], T0)


@pytest.mark.parametrize(
    ("watched", "of", "good"),
    [
        (Watched.STAFFED, Proven.PSAP, True),
        (Watched.STAFFED, Proven.RESPONDERS, True),
        (Watched.STAFFED, Proven.STATION, False),
        (Watched.RELAYED, Proven.STATION, True),
        (Watched.RELAYED, Proven.PSAP, False),
        (Watched.UNSTAFFED, Proven.RESPONDERS, True),
        (Watched.UNSTAFFED, Proven.PSAP, False),
    ],
)
def test_each_way_needs_its_own_proof(watched: Watched, of: Proven, good: bool) -> None:
    assert (nobody_comes(watched, [Proof(of, T0, INTERVAL_S[of])], T0) == "") is good


def test_a_proof_ages() -> None:
    proof = Proof(Proven.RESPONDERS, T0, MONTH_S)
    assert nobody_comes(Watched.UNSTAFFED, [proof], T0 + MONTH_S) == ""
    late = nobody_comes(Watched.UNSTAFFED, [proof], T0 + MONTH_S + 3.5 * 86_400)
    assert "3 days overdue" in late
    newer = Proof(Proven.RESPONDERS, T0 + MONTH_S, MONTH_S)
    assert nobody_comes(Watched.UNSTAFFED, [proof, newer], T0 + MONTH_S + 9) == ""


def test_a_proof_of_tomorrow_proves_nothing_today() -> None:
    proof = Proof(Proven.RESPONDERS, T0 + 1, MONTH_S)
    assert nobody_comes(Watched.UNSTAFFED, [proof], T0)
