"""The same meaning on both engines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from watchword.storage.shared.sql import U64, Plain, canonical

DIALECTS = (sqlite.dialect(), postgresql.dialect())


@given(st.integers(0, 2**64 - 1))
def test_an_unsigned_number_fits_a_signed_column_and_comes_back(number):
    for dialect in DIALECTS:
        kept = U64().process_bind_param(number, dialect)
        assert -(2**63) <= kept < 2**63
        assert U64().process_result_value(kept, dialect) == number


def test_no_number_stays_none_and_others_are_refused():
    assert U64().process_bind_param(None, DIALECTS[0]) is None
    assert U64().process_result_value(None, DIALECTS[0]) is None
    for number in (-1, 2**64):
        with pytest.raises(ValueError, match="unsigned"):
            U64().process_bind_param(number, DIALECTS[0])


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.booleans()))
def test_plain_values_have_one_text(value):
    text = Plain().process_bind_param(value, DIALECTS[0])
    assert text == canonical(dict(reversed(value.items())))
    assert text.isascii()
    assert Plain().process_result_value(text, DIALECTS[0]) == value
    assert Plain().process_bind_param(None, DIALECTS[0]) is None
    assert Plain().process_result_value(None, DIALECTS[0]) is None
