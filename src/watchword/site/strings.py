"""What the site says, in the language that its settings name: no sentence is anywhere else.

This file owns one rule: a text is chosen by a key and filled with public facts only.
One file for each language, in `language/`; English is complete, others are held to it.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from watchword.core.errors import ConfigError

FOLDER = Path(__file__).parent / "language"
FIRST = "en"


class Strings:
    """The texts of one language; call it with a key and what fills the text."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def __call__(self, key: str, **params: object) -> str:
        """The text of `key`, filled; `count` chooses between `.one` and `.other`.

        Raises:
            LookupError: there is no such text, or it asks for something that was not given.
        """
        text = self._texts.get(key)
        if text is None and "count" in params:
            text = self._texts.get(f"{key}.{'one' if params['count'] == 1 else 'other'}")
        if text is None:
            raise LookupError(f"no text {key}")
        return text.format_map(params)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    @property
    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._texts)

    def text(self, key: str) -> str:
        """The text of `key` as it stands in the file, not filled."""
        return self._texts[key]


def languages() -> tuple[str, ...]:
    """Every language that there is a file for."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(language: str = FIRST) -> Strings:
    """The texts of a language.

    Raises:
        ConfigError: there is no file for it.
    """
    if language not in languages():
        raise ConfigError(
            f'There are no texts for the language "{language}".',
            hint=f"Known: {', '.join(languages())}.",
        )
    plain = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Strings(dict(_flat(plain)))


def listed(names: Sequence[str]) -> str:
    """Names one after the other, as a sentence shows them."""
    return ", ".join(names)


def journal_line(strings: Strings, key: str, params: Mapping[str, Any]) -> str:
    """One entry of the journal as a sentence; an entry of a later release shows its key."""
    said = {name: listed(v) if isinstance(v, list) else str(v) for name, v in params.items()}
    said["trouble"] = _trouble(strings, said.get("trouble", ""))
    special = f"journal.{key}-{'zones' if key == 'arm-refused' else 'bypass'}"
    chosen = special if said.get("zones") and special in strings else f"journal.{key}"
    try:
        return strings(chosen, **said)
    except LookupError:
        return key


def _trouble(strings: Strings, key: str) -> str:
    return strings(f"trouble.{key}") if f"trouble.{key}" in strings else key


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", str(value)
