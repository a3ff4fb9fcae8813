"""The string catalogue: every word of a page comes from here, and a missing one is an error.

Catalogues are TOML files, nested by tables and asked for by dotted keys. A page may need
several (the shared one, then its own); two files may not define the same key.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parent / "strings"
_PLURAL = frozenset({"one", "other"})


class StringMissingError(LookupError):
    """A page asked for a string, or a string for a parameter, that does not exist."""


class Strings:
    """A read-only catalogue; call it with a key and the parameters of that string."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    @classmethod
    def load(cls, *folders: Path, language: str = "en") -> "Strings":
        """Read `<folder>/<language>.toml` of the shared catalogue and then of each folder given."""
        texts: dict[str, str] = {}
        for folder in (SHARED, *folders):
            path = folder / f"{language}.toml"
            for key, text in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
                if key in texts:
                    raise ValueError(f"string {key} is defined twice")
                texts[key] = text
        return cls(texts)

    def __call__(self, key: str, **params: object) -> str:
        """The text of `key` with its parameters; `count` chooses between `.one` and `.other`."""
        text = self._texts.get(key)
        if text is None and "count" in params:
            text = self._texts.get(f"{key}.{'one' if params['count'] == 1 else 'other'}")
        if text is None:
            raise StringMissingError(f"no string {key}")
        try:
            return text.format_map(params)
        except KeyError as missing:
            raise StringMissingError(f"string {key} needs {missing}") from None

    def under(self, prefix: str) -> dict[str, str]:
        """All raw texts below `prefix`, by the rest of their keys: what a script is handed."""
        start = f"{prefix}."
        return {k.removeprefix(start): v for k, v in self._texts.items() if k.startswith(start)}

    @property
    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._texts)


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{above}{name}"
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            if _PLURAL & value.keys() and not value.keys() >= _PLURAL:
                raise ValueError(f"string {key} needs both one and other")
            yield from _flat(value, f"{key}.")
        else:
            raise TypeError(f"string {key} is not text")
