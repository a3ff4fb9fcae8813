"""The vocabulary of incidents: order, covertness, ids."""

from watchword.core.kinds import Kind, ReportId, Signal, incident_id, priority


def test_the_id_is_pinned() -> None:
    assert incident_id(1, 2, 3, 4) == PINNED


def test_secrets_are_covert_whatever_their_kind() -> None:
    report = ReportId(1, 2, 3, 4)
    assert Signal(report, Kind.TROUBLE, ("link",), secret=True).covert
    assert not Signal(report, Kind.TROUBLE, ("link",)).covert
    assert Signal(report, Kind.DURESS, ("link",)).covert


def test_attention_never_lowers() -> None:
    for kind in Kind:
        assert priority(kind, attention=True) <= priority(kind, attention=False)
        assert Signal(ReportId(1, 2, 3, 4), kind, ()).priority == kind.priority


PINNED = "0f45a1410984950c7978bb409f138ff8"
