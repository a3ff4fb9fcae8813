"""Templates escape, and fail on whatever they do not know."""

from pathlib import Path

import jinja2
import pytest

from watchword.web.shared.assets import Assets
from watchword.web.shared.pages import environment
from watchword.web.shared.strings import StringMissingError, Strings

ASSETS = Assets({})


def render(text: str, **context: object) -> str:
    return environment([], Strings.load(), ASSETS).from_string(text).render(context)


def test_everything_is_escaped() -> None:
    assert render("{{ name }}", name="<b>&") == "&lt;b&gt;&amp;"
    assert "&#34;" in render("{{ icon('lock', label) }}", label='"><script>')
    assert "</script>" not in render("{{ data|tojson }}", data={"a": "</script>"})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ nothing }}", jinja2.UndefinedError),
        ("{{ t('no.such') }}", StringMissingError),
        ("{{ static_url('no.css') }}", LookupError),
    ],
)
def test_what_is_unknown_fails(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        render(text)


def test_an_icon_is_decoration_unless_it_has_a_name() -> None:
    assert 'aria-hidden="true"' in render("{{ icon('lock') }}")
    named = render("{{ icon('lock', 'Locked') }}")
    assert 'role="img" aria-label="Locked"' in named
    assert ASSETS.url("shared/icons.svg") + "#lock" in named


def test_own_templates_come_first(tmp_path: Path) -> None:
    (tmp_path / "problem.html").write_text("mine", encoding="utf-8")
    env = environment([tmp_path], Strings.load(), ASSETS)
    assert env.get_template("problem.html").render() == "mine"
