"""Reports come back as they were sealed; what is unknown in them is kept."""

import contextlib
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.words import Event, ReportClass
from watchword.wire import report as r
from watchword.wire.faults import MalformedError, WrongVersionError


def _int(bits: int, low: int = 0) -> st.SearchStrategy[int]:
    return st.integers(low, 2**bits - 1)


REPORTS = st.builds(
    r.Report,
    cls=_int(8, 1),
    event=_int(8),
    site=_int(32),
    epoch=_int(64),
    counter=_int(32, 1),
    at_ms=_int(48),
    detail=_int(8),
    area=_int(16),
    place=_int(16),
    count=_int(16),
    payload=st.binary(min_size=80, max_size=80),
)
ONE = r.Report(
    cls=2, event=1, site=7, epoch=9, counter=3, at_ms=1_790_000_000_000, payload=b"\xaa" * 80
)


@given(REPORTS)
def test_every_report_comes_back_and_has_one_size(report: r.Report) -> None:
    plain = r.pack_report(report)
    assert len(plain) == r.REPORT_PLAIN_BYTES == 112
    assert r.unpack_report(plain) == report


def test_layout_is_pinned() -> None:
    full = dataclasses.replace(ONE, detail=4, area=5, place=6, count=8)
    assert r.pack_report(full).hex() == (
        "01020104000500060000000700000000000000090000000301a0c4506c000008" + "aa" * 80
    )


def test_what_is_unknown_is_kept() -> None:
    odd = dataclasses.replace(ONE, cls=200, event=201)
    assert r.unpack_report(r.pack_report(odd)) == odd
    assert (odd.known_class, odd.known_event) == (None, None)
    assert (ONE.known_class, ONE.known_event) == (ReportClass.VALID, Event.ATTEMPT_ACCEPTED)


def test_the_payload_hides_itself() -> None:
    assert "payload" not in repr(ONE)


@pytest.mark.parametrize(
    "wrong",
    [{"cls": 256}, {"cls": 0}, {"counter": 0}, {"at_ms": 2**48}, {"area": -1}, {"payload": b""}],
)
def test_a_report_that_does_not_fit_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="report"):
        dataclasses.replace(ONE, **wrong)  # type: ignore[arg-type]


def test_what_disagrees_with_the_outside_is_named() -> None:
    assert ONE.differences(site=7, cls=2, epoch=9, counter=3) == ()
    assert ONE.differences(site=8, cls=2, epoch=9, counter=4) == ("site", "counter")


def test_version_class_and_counter_are_checked() -> None:
    good = r.pack_report(ONE)
    with pytest.raises(WrongVersionError, match="version 2"):
        r.unpack_report(b"\2" + good[1:])
    with pytest.raises(MalformedError, match="class or counter"):
        r.unpack_report(good[:1] + b"\0" + good[2:])
    with pytest.raises(MalformedError, match="class or counter"):
        r.unpack_report(good[:20] + bytes(4) + good[24:])


@given(st.binary(max_size=130) | st.binary(min_size=111, max_size=111).map(lambda b: b"\1" + b))
def test_any_bytes_give_a_report_or_our_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert r.pack_report(r.unpack_report(data)) == data


@given(_int(8), _int(16), st.text(max_size=100))
def test_a_directory_entry_keeps_as_much_of_a_name_as_fits(
    kind: int, number: int, name: str
) -> None:
    payload = r.pack_directory(r.DirectoryEntry(kind, number, name))
    entry = r.unpack_directory(payload)
    assert len(payload) == r.PAYLOAD_BYTES
    assert (entry.kind, entry.number) == (kind, number)
    assert name.startswith(entry.name)
    assert entry.name == name or len(entry.name.encode()) > r.NAME_BYTES_MAX - 4


@given(_int(8), _int(8), _int(8), st.binary(min_size=16, max_size=16))
def test_a_reference_comes_back(number: int, done: int, of: int, ref: bytes) -> None:
    reference = r.Reference(ref, number, done, of)
    assert r.unpack_reference(r.pack_reference(reference)) == reference


def test_a_reference_of_wrong_length_is_not_made() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        r.pack_reference(r.Reference(b"short"))


@given(st.binary(min_size=78, max_size=82))
def test_any_payload_gives_a_value_or_our_error(data: bytes) -> None:
    for unpack in (r.unpack_directory, r.unpack_reference):
        with contextlib.suppress(MalformedError):
            unpack(data)


@pytest.mark.parametrize(
    "payload",
    [
        b"\1\0\1\x4d" + bytes(76),  # 77 bytes of name
        b"\1\0\1\1\xff" + bytes(75),  # no UTF-8
        b"\1\0\1\1aa" + bytes(74),  # something behind the name
    ],
)
def test_a_directory_entry_that_lies_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedError, match="directory entry"):
        r.unpack_directory(payload)
