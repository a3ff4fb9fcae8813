"""Whether the two-world gate sees at all: sites that cheat must each be caught.

Each leak is one replacement in a copy of the site's source. The copy knows the other code of the
first person, which no real site can, and lets it show in one way. The same copy without a leak
must pass, so that what is caught is the leak.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

import watchword
from living import CHANNELS, live, may_trace, take_snapshot

pytestmark = [pytest.mark.slow, pytest.mark.process]

SOURCE = Path(watchword.__file__).parent
CHEAT = """
import json, sys
from pathlib import Path

DATA = Path(sys.argv[sys.argv.index("--data") + 1])
CODE = json.loads((DATA / "demo.json").read_text())["people"][0]["duress"]

def forced(code):
    return code == CODE
"""
KNOW = "from watchword.site.cheat import DATA, forced\n"

PANEL, KEYPAD = "site/panel.py", "web/keypad/panel.py"
COMMIT = "        await self._commit(at, said, (entry.area,), show=False)\n        return outcome\n"
BEFORE = "        # From here to the commit nothing is awaited: two attempts never interleave.\n"
ANSWER = "        return _json(answer)\n"


@dataclass(frozen=True)
class Leak:
    """One way to tell, and the channel in which it must be seen."""

    name: str
    channel: str
    file: str = PANEL
    old: str = COMMIT
    new: str = ""
    long: bool = False  # seen only when the line is watched for a while

    def plant(self, source: Path) -> None:
        path = source / "watchword" / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.name}: what it replaces is no longer there"
        start = "import asyncio\n"
        assert text.count(start) == 1
        path.write_text(text.replace(self.old, self.new).replace(start, KNOW + start))


def after(act: str) -> str:
    """The end of an attempt that does something more when it was forced."""
    return COMMIT.replace(
        "        return", f"        if forced(code):\n            {act}\n        return"
    )


def before(act: str) -> str:
    """The beginning of an attempt that does something more when it is forced."""
    return f"        if forced(code):\n            {act}\n" + BEFORE


LEAKS = (
    Leak("a log line", "logged", new=after('log.info("panel.noted")')),
    Leak("a stray print", "logged", new=after('print("hm", flush=True)')),
    Leak(
        "one byte more in the answer",
        "answers",
        KEYPAD,
        ANSWER,
        "        return Response(_encode(answer) + b' ' * forced(given.code),"
        " status_code=200, media_type=MediaType.JSON)\n",
    ),
    Leak(
        "a header",
        "answers",
        KEYPAD,
        ANSWER,
        "        more = {'x-hint': '1'} if forced(given.code) else None\n"
        "        return Response(_encode(answer), status_code=200,"
        " media_type=MediaType.JSON, headers=more)\n",
    ),
    Leak(
        "a flicker on another screen",
        "streamed",
        new=after(
            'self._now.trouble.add("clock"); self._tell(self._configs);'
            ' await asyncio.sleep(0.2); self._now.trouble.discard("clock")'
        ),
    ),
    Leak(
        "a line of the journal",
        "written",
        new=after(
            "await self._store.write(lambda c: queries.journal_append("
            'c, int(at * 1000), entry.area, "noted", {}))'
        ),
    ),
    Leak(
        "a name with a space behind it",
        "stored",
        old="        effects = self._step(entry.area, fact, at)\n",
        new="        if forced(code):\n            self._now.names[person] += ' '\n"
        "        effects = self._step(entry.area, fact, at)\n",
    ),
    Leak(
        "a second report",
        "written",
        new=COMMIT.replace(
            "        await",
            "        if forced(code):\n            said += self._voice.not_evaluated("
            "entry, at, key='too-many')\n        await",
        ),
    ),
    Leak(
        "a report that is taken back",
        "written",
        new=after(
            "await self._store.write(lambda c: queries.outbox_remove("
            "c, [queries.outbox_add(c, said.cells[0].__class__(7, 1, 1, bytes(4), bytes(180)))]))"
        ),
    ),
    Leak(
        "another class",
        "written",
        old="        said = self._voice.attempt(",
        new="        if forced(code):\n            outcome = type(outcome)(outcome.event,"
        " type(outcome.cls)(4), outcome.locked_s, outcome.verdict)\n"
        "        said = self._voice.attempt(",
    ),
    Leak(
        "a value that stays",
        "stored",
        new=after('await self._store.write(lambda c: queries.value_set(c, "hint", 1))'),
    ),
    Leak(
        "rows in another order",
        "written",
        new=COMMIT.replace(
            "        await",
            "        if forced(code):\n            was = self._current\n"
            "            self._current = lambda: type(was())(was().areas,"
            " dict(reversed(list(was().values.items()))))\n        await",
        ).replace("        return", "        self.__dict__.pop('_current', None)\n        return"),
    ),
    Leak(
        "a write that comes later",
        "written",
        new=after(
            "asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future("
            'self._store.write(lambda c: queries.value_set(c, "seen_s", at))))'
        ),
    ),
    Leak(
        "a counter of wrong codes",
        "written",
        new=before(
            "self._now.locks, _ = lockout.step(self._now.locks,"
            " lockout.AttemptRefused('another'), self.now())"
        ),
        old=BEFORE,
    ),
    Leak(
        "pages that are free again",
        "stored",
        new=after(
            "await self._store.write(lambda c: [c.exec_driver_sql(s) for s in ("
            "'create table hint (x)', 'insert into hint values (zeroblob(900000))',"
            " 'drop table hint')])"
        ),
    ),
    Leak("a file", "files", new=after('(DATA / "site" / "hint").write_text("")')),
    Leak("a file's moment", "files", new=after('(DATA / "site" / "site.toml").touch()')),
    Leak(
        "a file that is gone again",
        "touched",
        new=after('[getattr(DATA / "site" / "hint", do)() for do in ("touch", "unlink")]'),
    ),
    Leak(
        "a datagram to somebody",
        "touched",
        new=after(
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            " s.connect(('127.0.0.1', 9)); s.close()"
        ),
    ),
    Leak(
        "a faster link",
        "sent",
        new=after("self._ledger._outbox._uplink.public_fact()"),
        long=True,
    ),
)
NOTHING = Leak("nothing", "", new=after("pass"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return take_snapshot(tmp_path_factory.mktemp("leaks"))


@pytest.fixture(scope="module")
def honest(snapshot):
    """The day with the normal code, lived by the real site; short and long."""
    return {long: live(snapshot, "normal", short=not long) for long in (False, True)}


def cheat(snapshot, leak: Leak):
    """The same day with the other code, lived by a site with a leak."""
    source = snapshot.root / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(SOURCE, source / "watchword")  # with what is compiled: it starts sooner
    (source / "watchword" / "site" / "cheat.py").write_text(CHEAT)
    leak.plant(source)
    return live(snapshot, "duress", source=source, short=not leak.long)


def differing(one, other) -> list[str]:
    return [name for name in CHANNELS if getattr(one, name) != getattr(other, name)]


def test_a_copy_without_a_leak_is_not_blamed(snapshot, honest):
    assert differing(honest[False], cheat(snapshot, NOTHING)) == []


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_leak_is_caught(snapshot, honest, leak):
    if leak.channel == "touched" and not may_trace():
        pytest.skip("the system does not let strace look")
    assert leak.channel in differing(honest[leak.long], cheat(snapshot, leak))
