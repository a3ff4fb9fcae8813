"""Letters have one size, arrive from pieces in any order, and keep within their room."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.core.errors import RemoteFaultError
from watchword.wire import letter as w
from watchword.wire.batch import BATCH_BYTES, Batch, Row, pack_batch
from watchword.wire.faults import MalformedError, UnopenableError
from watchword.wire.seal import BATCH_INFO, KeyPair, letter_info, seal
from watchword.wire.uplink import Cell

SITE = KeyPair.generate()
LETTER = w.Letter(w.LetterKind.ENROL, b"i" * 16, b"body")


def _sealed(letter: w.Letter = LETTER, site: int = 7) -> bytes:
    return seal(SITE.public, letter_info(site), w.pack_letter(letter))


def _cells(sealed: bytes, epoch: int = 1) -> list[Cell]:
    return [Cell(6, epoch, n, body) for n, body in enumerate(w.cut(sealed), start=1)]


@given(st.integers(0, 255), st.binary(min_size=16, max_size=16), st.binary(max_size=2381))
def test_every_letter_comes_back_and_has_one_size(kind: int, ref: bytes, body: bytes) -> None:
    letter = w.Letter(kind, ref, body)
    plain = w.pack_letter(letter)
    assert len(plain) == w.LETTER_PLAIN_BYTES == 2400
    assert w.unpack_letter(plain) == letter
    assert (letter.known_kind is None) == (kind not in {1, 2, 3, 4})


def test_sizes_fit_each_other() -> None:
    assert w.PIECES * w.PART_BYTES == w.LETTER_BYTES == 2448
    assert all(len(body) == 160 for body in w.cut(_sealed()))
    full = w.Enrol(bytes(16), bytes(16), "n" * 200, bytes(BATCH_BYTES))
    assert len(w.pack_enrol(full)) <= w.BODY_BYTES_MAX


@pytest.mark.parametrize("wrong", [w.Letter(1, b"", b""), w.Letter(1, bytes(16), bytes(2382))])
def test_a_letter_that_does_not_fit_is_not_packed(wrong: w.Letter) -> None:
    with pytest.raises(ValueError, match="letter"):
        w.pack_letter(wrong)


def test_a_letter_with_an_impossible_length_or_padding_is_refused() -> None:
    plain = bytearray(w.pack_letter(LETTER))
    with pytest.raises(MalformedError, match="padding"):
        w.unpack_letter(bytes(plain[:-1]) + b"\1")
    plain[17:19] = b"\xff\xff"
    with pytest.raises(MalformedError, match="longer"):
        w.unpack_letter(bytes(plain))


def test_the_site_opens_its_own_letters_only() -> None:
    assert w.open_letter(SITE.secret, letter_info(7), _sealed()) == LETTER
    with pytest.raises(UnopenableError):
        w.open_letter(SITE.secret, letter_info(8), _sealed())
    with pytest.raises(UnopenableError):
        w.open_letter(KeyPair.generate().secret, letter_info(7), _sealed())
    with pytest.raises(MalformedError, match="2447"):
        w.open_letter(SITE.secret, letter_info(7), _sealed()[1:])
    with pytest.raises(UnopenableError):
        w.open_letter(SITE.secret, letter_info(7), bytes(2448))


def test_the_site_opens_a_batch() -> None:
    batch = Batch(b"e" * 16, 4, ((Row("1234", bytes(80)), Row("5678", bytes(80))),))
    sealed = seal(SITE.public, BATCH_INFO, pack_batch(batch))
    assert w.open_batch(SITE.secret, sealed) == batch
    with pytest.raises(UnopenableError):
        w.open_batch(SITE.secret, bytes(BATCH_BYTES))


@given(st.text(max_size=200))
def test_an_enrolment_body_comes_back(name: str) -> None:
    enrol = w.Enrol(b"e" * 16, b"p" * 16, name, b"\x05" * BATCH_BYTES)
    back = w.unpack_enrol(w.pack_enrol(enrol))
    assert (back.enrolment, back.person, back.sealed_batch) == (
        b"e" * 16,
        b"p" * 16,
        b"\x05" * 2096,
    )
    assert name.startswith(back.name)


def test_an_enrolment_body_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="two ids"):
        w.pack_enrol(w.Enrol(b"", bytes(16), "", bytes(BATCH_BYTES)))
    body = bytearray(w.pack_enrol(w.Enrol(bytes(16), bytes(16), "", bytes(BATCH_BYTES))))
    for at, value, says in ((33, 1, "padding"), (32, 161, "longer")):
        wrong = bytearray(body)
        wrong[at] = value
        with pytest.raises(MalformedError, match=says):
            w.unpack_enrol(bytes(wrong))
    body[32:34] = b"\1\xff"
    with pytest.raises(MalformedError, match="UTF-8"):
        w.unpack_enrol(bytes(body))


@given(seed=st.integers(), repeats=st.integers(0, 10))
def test_letters_arrive_from_pieces_in_any_order_with_repetitions(seed: int, repeats: int) -> None:
    rng = random.Random(seed)
    sent = [_sealed(w.Letter(1, bytes([n]) * 16, b"x" * n)) for n in range(3)]
    cells = [cell for n, sealed in enumerate(sent) for cell in _cells(sealed, epoch=n)]
    rng.shuffle(cells)
    extra = rng.choices(cells, k=repeats)
    assembler = w.Assembler()
    got = [a for cell in [*extra, *cells] if (a := assembler.add(cell)) is not None]
    # A repetition after completion may begin a letter anew; it never completes one wrongly.
    assert {a.sealed for a in got} == set(sent)
    by_letter = {a.sealed: a.ids for a in got}
    for n, sealed in enumerate(sent):
        assert by_letter[sealed] == {cell.id for cell in cells if cell.epoch == n}


def test_a_letter_sent_anew_by_a_restarted_station_is_acknowledged_under_both_names() -> None:
    sealed = _sealed()
    before, after = _cells(sealed, epoch=1), _cells(sealed, epoch=2)
    assembler = w.Assembler()
    for cell in before[:5]:
        assert assembler.add(cell) is None
    arrived = [a for cell in after if (a := assembler.add(cell))]
    assert [a.sealed for a in arrived] == [sealed]
    assert arrived[0].ids == {cell.id for cell in [*before[:5], *after]}


def test_room_is_bounded_in_letters_and_in_names() -> None:
    assembler = w.Assembler()
    first = _sealed(w.Letter(1, b"\xff" * 16, b""))
    assembler.add(_cells(first)[0])
    for n in range(w.OPEN_LETTERS_MAX + 3):
        assembler.add(_cells(_sealed(w.Letter(1, bytes([n]) * 16, b"")))[0])
    assert len(assembler) == w.OPEN_LETTERS_MAX
    # What was forgotten was never acknowledged, so it comes again, whole.
    assert [a.sealed for c in _cells(first) if (a := assembler.add(c))] == [first]
    piece = w.cut(first)[0]
    for counter in range(1, w.IDS_MAX + 10):
        assembler.add(Cell(6, 9, counter, piece))
    done = [a for c in _cells(first)[1:] if (a := assembler.add(c))]
    assert len(done[0].ids) == w.IDS_MAX


def test_a_wrong_piece_is_refused_and_a_wrong_letter_forgotten() -> None:
    good = _cells(_sealed())
    assembler = w.Assembler()
    for field, value in ((12, b"\0\x11"), (14, b"\0\x10")):  # index 17; 16 pieces
        body = bytearray(good[0].body)
        body[field : field + 2] = value
        with pytest.raises(MalformedError, match="a letter has 17"):
            assembler.add(Cell(6, 1, 1, bytes(body)))
    assert len(assembler) == 0
    torn = Cell(6, 1, 1, good[0].body[:-1] + bytes([good[0].body[-1] ^ 1]))
    with pytest.raises(MalformedError, match="belong together"):
        for cell in [torn, *good[1:]]:
            assembler.add(cell)
    assert len(assembler) == 0


@given(st.binary(min_size=160, max_size=160))
@settings(max_examples=50)
def test_any_bytes_give_only_our_errors(body: bytes) -> None:
    with contextlib.suppress(RemoteFaultError):
        w.Assembler().add(Cell(6, 1, 1, body))
    for parse in (w.unpack_letter, w.unpack_enrol, lambda b: w.open_letter(SITE.secret, b"", b)):
        for size in (w.LETTER_PLAIN_BYTES, w.LETTER_BYTES, 2289, 160):
            with contextlib.suppress(RemoteFaultError):
                parse((body * 16)[:size])  # type: ignore[operator]
