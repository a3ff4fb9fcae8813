"""The catalogue: a missing or doubled string is found by a test, never by a person."""

import re
from pathlib import Path

import pytest

from watchword.web.shared.strings import StringMissingError, Strings


def catalogue(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "en.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_string_with_its_parameters(tmp_path: Path) -> None:
    strings = Strings.load(catalogue(tmp_path, '[page]\nhello = "Hello {name}"\n'))
    assert strings("page.hello", name="Ann") == "Hello Ann"


def test_one_and_other(tmp_path: Path) -> None:
    strings = Strings.load(
        catalogue(tmp_path, '[doors]\none = "1 door"\nother = "{count} doors"\n')
    )
    assert [strings("doors", count=n) for n in (0, 1, 2)] == ["0 doors", "1 door", "2 doors"]


@pytest.mark.parametrize("key", ["page.none", "page", "doors"])
def test_a_missing_string_is_an_error(tmp_path: Path, key: str) -> None:
    strings = Strings.load(catalogue(tmp_path, '[page]\nhello = "Hello {name}"\n'))
    with pytest.raises(StringMissingError):
        strings(key, count=1)


def test_a_missing_parameter_is_an_error(tmp_path: Path) -> None:
    strings = Strings.load(catalogue(tmp_path, '[page]\nhello = "Hello {name}"\n'))
    with pytest.raises(StringMissingError, match="name"):
        strings("page.hello")


def test_a_parameter_is_not_a_format_string(tmp_path: Path) -> None:
    strings = Strings.load(catalogue(tmp_path, '[page]\nhello = "Hello {name}"\n'))
    assert strings("page.hello", name="{key}") == "Hello {key}"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[a]\nb = 1\n", TypeError),
        ('[a]\none = "1"\n', ValueError),
        ('[problem]\nback = "x"\n', ValueError),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Strings.load(catalogue(tmp_path, text))


def test_under_gives_what_a_script_is_handed(tmp_path: Path) -> None:
    strings = Strings.load(catalogue(tmp_path, '[page.js]\na = "A"\nb = "{n} s"\n'))
    assert strings.under("page.js") == {"a": "A", "b": "{n} s"}
    assert {"page.js.a", "problem.404.title"} <= strings.keys


def test_every_known_problem_has_its_words() -> None:
    keys = Strings.load().keys
    numbers = {m[1] for k in keys if (m := re.match(r"problem\.(\d+)\.", k))}
    assert {"400", "404", "413", "500"} <= numbers
    for number in numbers:
        assert {f"problem.{number}.title", f"problem.{number}.detail"} <= keys
