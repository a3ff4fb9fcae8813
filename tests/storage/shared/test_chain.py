"""Each entry carries the hash of everything before it."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, create_engine, update

from watchword.storage.shared import chain
from watchword.storage.shared.chain import GENESIS, Break, Head
from watchword.storage.shared.sql import Plain

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_link_is_sha256_of_what_was_before_and_the_body():
    assert chain.link(GENESIS, b"abc") == hashlib.sha256(bytes(32) + b"abc").digest()


def test_a_body_is_canonical_and_leaves_the_hash_out():
    one = {"id": 1, "params": {"b": "é", "a": None}, "hash": b"x"}
    assert chain.body(one) == b'{"id":1,"params":{"a":null,"b":"\\u00e9"}}'
    assert chain.body(dict(reversed(one.items()))) == chain.body(one)


def test_what_is_not_json_is_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        chain.body({"id": 1, "params": float("nan")})


@settings(max_examples=30, deadline=None)
@given(st.lists(plain, min_size=1, max_size=6), st.data())
def test_any_change_of_any_entry_is_found_at_that_entry(values, data):
    tables = MetaData()
    journal = Table(
        "journal",
        tables,
        Column("id", Integer, primary_key=True),
        Column("params", Plain),
        Column("hash", LargeBinary),
    )
    engine = create_engine("sqlite://")
    with engine.begin() as c:
        tables.create_all(c)
        heads = [chain.append(c, journal, {"params": one}) for one in values]
        assert chain.verify(c, journal) is None
        assert [chain.verify(c, journal, head) for head in heads] == [None] * len(heads)
        assert chain.head(c, journal) == heads[-1]
        assert chain.hash_at(c, journal, len(heads)) == heads[-1].hash
        victim = data.draw(st.integers(1, len(values)))
        other = data.draw(plain.filter(lambda one: chain.canonical(one) != was(values, victim)))
        c.execute(update(journal).where(journal.c.id == victim).values(params=other))
        assert chain.verify(c, journal) == Break(victim, "changed")
    engine.dispose()


def was(values, number):
    return chain.canonical(values[number - 1])


def test_a_witness_ahead_of_an_empty_journal_is_a_break():
    engine = create_engine("sqlite://")
    tables = MetaData()
    journal = Table(
        "j", tables, Column("id", Integer, primary_key=True), Column("hash", LargeBinary)
    )
    with engine.begin() as c:
        tables.create_all(c)
        assert chain.head(c, journal) == Head(0, GENESIS)
        assert chain.verify(c, journal, Head(0, GENESIS)) is None
        assert chain.verify(c, journal, Head(1, b"x" * 32)) == Break(1, "cut off")
    engine.dispose()
