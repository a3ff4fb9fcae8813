"""Sentences from keys, old entries included."""

from watchword.core.escalation import Unmet
from watchword.core.incident import Kind
from watchword.station.texts import TEXTS, kind_label, text


def test_parameters_are_filled_in() -> None:
    assert text("handed-over", {"to": "bob"}) == "Handed over to bob."


def test_a_missing_parameter_or_key_is_still_shown() -> None:
    assert text("handed-over") == "Handed over to …."
    assert text("key-of-a-later-release") == "key-of-a-later-release"


def test_what_an_operator_writes_is_not_a_format() -> None:
    assert text("noted", {"text": "{to} {0}"}) == "{to} {0}"


def test_every_kind_and_escalation_has_words() -> None:
    assert all(kind_label(kind.value, attention=False) != kind.value for kind in Kind)
    assert all(f"escalated.{unmet.value}" in TEXTS for unmet in Unmet)
    assert kind_label("trouble", attention=True) == "Needs a person"
    assert kind_label("duress", attention=True) == "Duress"
    assert kind_label("later", attention=False) == "later"


def test_no_exclamation_marks() -> None:
    assert not [key for key, said in TEXTS.items() if "!" in said]
