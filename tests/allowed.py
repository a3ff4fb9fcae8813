"""The allow-list: what may differ between two runs of the same day, each with its reason.

Everything else that the site says, stores or writes must be the same to the byte. Lengths are
never normalised: a value may have other bytes, not another size.
"""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

# Moments: the two runs happen at different times.
TIME_COLUMNS = {"at_ms", "created_ms", "paired_ms", "expires_ms", "used_ms"}
# Fresh randomness and ciphertext: their bytes differ in any two runs, their lengths may not.
FRESH_COLUMNS = {
    ("outbox", "epoch"),
    ("outbox", "cell"),
    ("journal", "hash"),  # a digest over entries that hold moments
    ("pairing_code", "code_hash"),  # each start of the demo offers a fresh one-time code
}
# Epoch seconds or milliseconds inside stored JSON: deadlines and last-seen moments.
MOMENT = re.compile(r"\b1[789]\d{8}(\d{3})?(\.\d+)?\b")
ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def plain(value: Any) -> str:
    """Text with moments replaced, so that only they may differ."""
    return ISO_MOMENT.sub("<moment>", MOMENT.sub("<moment>", str(value)))


def database(path: Path) -> dict[str, Any]:
    """Everything in a SQLite file that two runs must agree on: rows, pages, free pages, size."""
    c = sqlite3.connect(path)
    try:
        tables = [r[0] for r in c.execute("select name from sqlite_master where type='table'")]
        found: dict[str, Any] = {t: _rows(c, t) for t in sorted(tables)}
        for pragma in ("page_count", "freelist_count", "page_size", "user_version"):
            found[f"pragma {pragma}"] = c.execute(f"pragma {pragma}").fetchone()[0]
    finally:
        c.close()
    found["file size"] = path.stat().st_size
    return found


def _rows(c: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    cursor = c.execute(f"select * from {table}")  # noqa: S608 - a name from the file's own schema
    names = [d[0] for d in cursor.description]
    return [
        {name: _value(table, name, v) for name, v in zip(names, row, strict=True)} for row in cursor
    ]


def _value(table: str, name: str, value: Any) -> Any:
    if name in TIME_COLUMNS and value is not None:
        return "<moment>"
    if (table, name) in FRESH_COLUMNS and value is not None:
        return f"<fresh, {len(value) if isinstance(value, bytes) else type(value).__name__}>"
    if isinstance(value, bytes):
        return value.hex()
    return plain(value) if isinstance(value, str) else value


def files(folder: Path) -> dict[str, Any]:
    """Every file of the site: its name, mode and size; databases are compared by `database`."""
    return {
        str(p.relative_to(folder)): (oct(p.stat().st_mode & 0o777), p.stat().st_size)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "pid"  # a process id is as long as the system makes it
    }


def log_lines(text: str) -> list[str]:
    """The site's own log lines, in order, without their moments."""
    lines = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("process") == "site":
            entry.pop("timestamp", None)
            lines.append(plain(json.dumps(entry, sort_keys=True)))
    return lines
