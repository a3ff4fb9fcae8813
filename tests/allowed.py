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
# Row numbers of the outbox are given anew when it has been empty.
REUSED_COLUMNS = {("outbox", "id")}
HISTORY, HISTORY_CHARS = "history", 2000  # a name for a table and its triggers
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += ")
# In the arguments of a call: descriptors, addresses, moments, the end of a draft's name.
FRESH_NAME = re.compile(
    r"^\d+(?=[,)])|\b0x[0-9a-f]+|\b\d{9,}\b|(?<=pid\.)[0-9a-f]{8}"
    r'|(?<="--ready-fd", ")\d+|/\* \d+ vars \*/'
)
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
        found: dict[str, Any] = {t: _rows(c, t) for t in sorted(tables) if t != HISTORY}
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


def keep_history(path: Path) -> None:
    """Let a stopped database write down everything that is done to its rows, in order.

    What is removed again in the course of a day would leave no trace in the final state.
    """
    c = sqlite3.connect(path)
    try:
        tables = [r[0] for r in c.execute("select name from sqlite_master where type='table'")]
        c.execute(f"create table {HISTORY} (id integer primary key, name text, did text, row text)")
        for table in tables:
            for did, row in (("insert", "new"), ("update", "new"), ("delete", "old")):
                values = "||char(31)||".join(f"quote({row}.{n})" for n in _columns(c, table))
                # Padded: a moment with a digit less must not move a page.
                said = f"'{table}', '{did}', printf('%-{HISTORY_CHARS}s', {values})"
                kept = f"insert into {HISTORY} (name, did, row) values ({said})"  # noqa: S608
                named = f"{HISTORY}_{table}_{did}"
                c.execute(f"create trigger {named} after {did} on {table} begin {kept}; end")
        c.commit()
    finally:
        c.close()


def history(path: Path) -> dict[str, list[Any]]:
    """What was done to each table since `keep_history`, in order within a table and a verb.

    Between tables the order is a matter of when an acknowledgement comes.
    """
    c = sqlite3.connect(path)
    found: dict[str, list[Any]] = {}
    try:
        for table, did, text in c.execute("select name, did, row from history order by id"):
            row = dict(zip(_columns(c, table), text.rstrip(" ").split(chr(31)), strict=True))
            kept = {
                name: _value(table, name, _from_quoted(table, name, value))
                for name, value in row.items()
                if (table, name) not in REUSED_COLUMNS
            }
            found.setdefault(f"{table} {did}", []).append(kept)
    finally:
        c.close()
    return found


def _columns(c: sqlite3.Connection, table: str) -> list[str]:
    return [r[1] for r in c.execute(f"pragma table_info({table})")]


def _from_quoted(table: str, name: str, value: str) -> Any:
    """A value as SQL writes it; of fresh bytes only the length counts."""
    fresh = (table, name) in FRESH_COLUMNS and value.startswith("X'")
    return bytes.fromhex(value[2:-1]) if fresh else None if value == "NULL" else value


def files(folder: Path, before: Path | None = None) -> dict[str, Any]:
    """Every file of the site: its name, mode, size, and whether it was written since `before`.

    Databases are compared by `database`. An empty write-ahead log holds nothing: whether the
    file is left behind depends on which connection was closed last.
    """
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "pid"):
        if path.name.endswith("-shm") or (path.name.endswith("-wal") and not path.stat().st_size):
            continue
        name, status = str(path.relative_to(folder)), path.stat()
        old = None if before is None else before / name
        moved = old is None or not old.exists() or old.stat().st_mtime_ns != status.st_mtime_ns
        found[name] = (oct(status.st_mode & 0o777), status.st_size, moved)
    return found


def log_lines(text: str) -> list[str]:
    """What the site said on standard output and error, in order, without its moments."""
    lines = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            lines.append(plain(line))  # a warning, a traceback, a stray print
            continue
        entry.pop("timestamp", None)
        lines.append(plain(json.dumps(entry, sort_keys=True)))
    return lines


def calls(text: str, root: Path) -> list[str]:
    """Files that were made, opened for writing, renamed, removed or changed in mode or time, each
    connection and each program, once: threads run in any order, and a busy day repeats itself."""
    found = set()
    for line in text.splitlines():
        call = CALL.search(line)
        if call is None or (" = -1 " in line and "EINPROGRESS" not in line):
            continue
        name, given = call[1], call[2].replace(str(root), "")
        if name in {"open", "openat"} and not re.search("O_WRONLY|O_RDWR|O_CREAT", given):
            continue
        found.add(f"{name}({FRESH_NAME.sub('<fresh>', given)})")
    return sorted(found)
