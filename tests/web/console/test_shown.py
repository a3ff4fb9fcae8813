"""One next thing, derived from the incident; colours that mean state."""

from dataclasses import replace

import pytest

from watchword.station.views import HandoffView, IncidentView, QueueItem, SessionView, StepView
from watchword.web.console.shown import counts, stages, tone, version_of, waits, work_of

ANN = SessionView("ann", "Ann Berg", "off-site", "x", frozenset({"work"}))
NEW = IncidentView(
    id="a",
    kind="duress",
    kind_label="Duress",
    life=True,
    covert=True,
    priority=10,
    state="new",
    site_id="s",
    site="Hotel Aurora",
    address="",
    approach="",
    site_notes="",
    area="Lobby",
    person=None,
    entry_point=None,
    opened_ms=0,
    claimed_by=None,
    plan="Duress v4",
)
MINE = replace(NEW, state="claimed", claimed_by="ann")
NOW = StepView(1, "Dispatch police", "", "now", "dispatch")
LATER = StepView(2, "Tell the key-holder", "", "later", None)
SENT = HandoffView(7, "Sheet", "sent", 1, 0)


@pytest.mark.parametrize(
    ("incident", "action", "why"),
    [
        (NEW, "claim", "claim"),
        (replace(NEW, steps=(NOW,)), "claim", "claim"),
        (replace(MINE, steps=(NOW, LATER)), "dispatch", "plan"),
        (replace(MINE, steps=(replace(NOW, action=None),)), "note", "by_hand"),
        (replace(MINE, steps=(replace(NOW, action="brand-new"),)), "note", "by_hand"),
        (replace(MINE, steps=(replace(NOW, action="sheet"),)), "sheet", "plan"),
        (replace(MINE, steps=(replace(NOW, state="unavailable"),)), "close", "close"),
        (replace(MINE, steps=(LATER,), handoffs=(SENT,)), "accept", "accept"),
        (replace(MINE, handoffs=(replace(SENT, state="failed"),)), "close", "close"),
        (replace(MINE, state="accepted", handoffs=(SENT,)), "close", "close"),
        (replace(MINE, state="closed", closed_ms=5), None, "over"),
        (replace(MINE, state="closed"), None, "over"),
        (replace(MINE, state="second-look", closed_ms=5), "second-look", "second-look"),
    ],
)
def test_the_next_thing(incident: IncidentView, action: str | None, why: str) -> None:
    work = work_of(incident, ANN)
    assert (work.next.action, work.next.why) == (action, why)


def test_what_another_operator_has_is_no_key_away() -> None:
    work = work_of(replace(MINE, claimed_by="ben"), ANN)
    assert (work.mine, work.others, work.next.yours) == (False, "ben", False)
    for own in ("ann", "Ann Berg"):
        work = work_of(replace(MINE, claimed_by=own), ANN)
        assert (work.mine, work.others, work.next.yours) == (True, None, True)
    assert work_of(NEW, ANN).next.yours


def test_what_must_not_be_done_stands_apart() -> None:
    never = StepView(3, "Call premises", "", "unavailable", None, "why")
    work = work_of(replace(MINE, steps=(NOW, never)), ANN)
    assert (work.steps, work.forbidden) == ((NOW,), (never,))
    assert work_of(MINE, replace(ANN, may=frozenset())).may is False


def item(**more: object) -> QueueItem:
    known = {
        "id": "a",
        "kind": "duress",
        "kind_label": "Duress",
        "life": True,
        "priority": 10,
        "state": "new",
        "site": "s",
        "place": "p",
        "opened_ms": 0,
        "claimed_by": None,
        "attention": False,
    }
    return QueueItem(**(known | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "colour"),
    [
        ({}, "red"),
        ({"state": "dispatching"}, "red"),
        ({"life": False}, "grey"),
        ({"life": False, "attention": True}, "amber"),
        ({"claimed_by": "ben", "state": "claimed"}, "blue"),
        ({"claimed_by": "ben", "attention": True}, "amber"),
        ({"claimed_by": "ben", "state": "accepted"}, "green"),
        ({"state": "second-look"}, "amber"),
        ({"state": "closed"}, "grey"),
    ],
)
def test_colours(more: dict[str, object], colour: str) -> None:
    assert tone(item(**more)) == colour


def test_red_is_a_threat_to_life_that_nobody_has_taken_and_nothing_else() -> None:
    for life in (True, False):
        for claimed_by in (None, "ben"):
            for state in ("new", "claimed", "dispatching", "accepted", "second-look", "closed"):
                one = item(life=life, claimed_by=claimed_by, state=state)
                assert (tone(one) == "red") == waits(one) or (
                    claimed_by is None and state == "accepted"
                )


def test_stages_of_a_hand_off() -> None:
    def states(state: str) -> list[str]:
        return [stage.state for stage in stages(replace(SENT, state=state))]

    assert states("queued") == ["now", "later", "later", "later"]
    assert states("delivered") == ["done", "done", "now", "later"]
    assert states("accepted") == ["done"] * 4
    assert states("failed") == states("brand-new") == ["failed"] * 4


def test_counts_and_versions() -> None:
    items = (item(), item(claimed_by="ben"), item(life=False), item(state="second-look"))
    assert counts(items) == {"open": 4, "unclaimed": 2, "life": 1}
    assert version_of(NEW) == version_of(replace(NEW))
    assert version_of(NEW) != version_of(MINE)
