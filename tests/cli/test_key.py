"""`key`: a back-up that opens reports again, and refusals that overwrite nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from halves import cheap
from running import Stack, until, watchword
from telling import one_line
from untouched import unchanged
from watchword.station.keys import PASSPHRASE_CHARS_MIN, new_key, to_file
from watchword.station.keys import StationKeys as Keys

pytestmark = [pytest.mark.slow, pytest.mark.process]

PHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A hotel that is stopped and started by one test, and only read by the others."""
    made = Stack(cheap(tmp_path_factory.mktemp("key") / "data")).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sealed(stack: Stack) -> Path:
    """A back-up of its keys."""
    out = stack.data.parent / "keys.sealed"
    done = backup(stack.data, out)
    assert done.returncode == 0, done.stderr
    assert PHRASE not in done.stdout
    return out


def backup(data: Path, out: Path, phrase: str = PHRASE):  # type: ignore[no-untyped-def]
    command = ("key", "backup", "--out", str(out), "--key", "-", "--data", str(data))
    return watchword(*command, typed=phrase + "\n")


def restore(data: Path, source: Path, phrase: str = PHRASE):  # type: ignore[no-untyped-def]
    command = ("key", "restore", "--from", str(source), "--key", "-", "--data", str(data))
    return watchword(*command, typed=phrase + "\n")


def test_a_back_up_holds_no_key_in_clear(stack: Stack, sealed: Path) -> None:
    assert sealed.stat().st_mode & 0o777 == 0o600
    content = sealed.read_text()
    for key in json.loads((stack.data / "station" / "station.key").read_text()):
        assert key["secret"] not in content
        assert key["key_id"] in content, "so that one sees which it is for"
    assert PHRASE not in content


def test_into_an_empty_directory_the_same_keys_come(
    stack: Stack, sealed: Path, tmp_path: Path
) -> None:
    done = restore(tmp_path / "new", sealed)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "new" / "station" / "station.key"
    assert path.read_bytes() == (stack.data / "station" / "station.key").read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert restore(tmp_path / "new", sealed).returncode == 0, "the same keys once more"


def test_a_station_with_restored_keys_opens_what_was_sealed_to_the_lost_ones(
    stack: Stack, sealed: Path
) -> None:
    """The drill of docs/how-to/back-up.md: the key file is lost, and a forced code waits."""
    mine = stack.demo["people"][0]
    station = stack.data / "station"
    stack.stop()
    shutil.rmtree(stack.data.parent / "lost", ignore_errors=True)
    (station / "station.key").rename(stack.data.parent / "lost")
    lost = watchword("station", "--data", str(stack.data), "--port", str(stack.ports[1]))
    one_line(lost, "no station in")
    assert restore(stack.data, sealed).returncode == 0
    stack.start()
    assert stack.attempt(mine["duress"])["accepted"]
    (one,) = until(stack.incidents, within_s=30)
    assert (one["kind"], one["person"]) == ("duress", mine["name"])


@pytest.mark.parametrize(
    ("content", "phrase", "says"),
    [
        pytest.param(lambda c: c, "another pass-phrase", "does not open", id="wrong pass-phrase"),
        pytest.param(lambda c: c[:-40], PHRASE, "no back-up", id="cut off"),
        pytest.param(lambda c: c[:100], PHRASE, "no back-up", id="cut off early"),
        pytest.param(lambda _: b"", PHRASE, "no back-up", id="empty"),
        pytest.param(lambda _: b"\x89PNG\r\n" * 50, PHRASE, "no back-up", id="a picture"),
        pytest.param(lambda _: b'{"format": "x"}', PHRASE, "no back-up", id="another format"),
        pytest.param(
            lambda c: c.replace(b"backup/1", b"backup/9"), PHRASE, "no back-up", id="later format"
        ),
        pytest.param(
            lambda c: _changed(c, "sealed"), PHRASE, "does not open", id="one digit changed"
        ),
        pytest.param(
            lambda c: _changed(c, "key_ids"), PHRASE, "does not open", id="another key's name"
        ),
    ],
)
def test_what_is_no_back_up_restores_nothing(  # type: ignore[no-untyped-def]
    sealed: Path, tmp_path: Path, content, phrase: str, says: str
) -> None:
    other = tmp_path / "other"
    other.write_bytes(content(sealed.read_bytes()))
    one_line(restore(tmp_path / "new", other, phrase), says)
    assert not (tmp_path / "new" / "station" / "station.key").exists()


def _changed(content: bytes, name: str) -> bytes:
    plain = json.loads(content)
    value = plain[name][0] if name == "key_ids" else plain[name]
    swapped = ("1" if value[0] == "0" else "0") + value[1:]
    plain[name] = [swapped] if name == "key_ids" else swapped
    return json.dumps(plain).encode()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    one_line(restore(tmp_path / "new", tmp_path / "nothing"), "cannot be read")
    one_line(restore(tmp_path / "new", tmp_path), "cannot be read")


def test_other_keys_are_not_overwritten(sealed: Path, tmp_path: Path) -> None:
    """Each key opens the reports that were sealed to it, and nothing else ever will."""
    station = tmp_path / "new" / "station"
    station.mkdir(parents=True)
    (station / "station.key").write_bytes(to_file(Keys((new_key(1),))))
    with unchanged(tmp_path):
        one_line(restore(tmp_path / "new", sealed), "has keys that the back-up does not have")


def test_a_file_that_cannot_be_read_as_keys_is_moved_by_a_person(
    sealed: Path, tmp_path: Path
) -> None:
    station = tmp_path / "new" / "station"
    station.mkdir(parents=True)
    (station / "station.key").write_bytes(b"half a fi")
    with unchanged(tmp_path):
        one_line(restore(tmp_path / "new", sealed), "cannot be read as keys", "Move that file")
    (station / "station.key").unlink()
    assert restore(tmp_path / "new", sealed).returncode == 0


def test_a_back_up_is_not_overwritten(stack: Stack, sealed: Path) -> None:
    with unchanged(sealed.parent):
        one_line(backup(stack.data, sealed), "is there already")


def test_a_weak_pass_phrase_is_refused(stack: Stack, tmp_path: Path) -> None:
    short = "x" * (PASSPHRASE_CHARS_MIN - 1)
    line = one_line(backup(stack.data, tmp_path / "out", short), str(PASSPHRASE_CHARS_MIN))
    assert short not in line
    assert not (tmp_path / "out").exists()


def test_no_pass_phrase_and_no_keys(stack: Stack, tmp_path: Path) -> None:
    one_line(backup(stack.data, tmp_path / "out", ""), "No pass-phrase")
    one_line(backup(tmp_path / "none", tmp_path / "out"), "cannot be read")
    one_line(backup(stack.data, tmp_path / "no" / "folder"), "cannot be written")
    assert list(tmp_path.iterdir()) == []
