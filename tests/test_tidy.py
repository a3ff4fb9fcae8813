"""House rules that no other tool checks. Each test names the rule, and the finding what to do."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "watchword"
TESTS = ROOT / "tests"
DOCS = ROOT / "docs"

# -- what is looked at ---------------------------------------------------------------------

TEXT = {".py", ".js", ".css", ".html", ".toml", ".svg", ".json", ".webmanifest", ".mako", ".sql"}


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts(*folders: Path) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        found = folder.rglob("*") if folder.is_dir() else [folder]
        for path in sorted(found):
            if path.suffix in TEXT:
                yield path, path.read_text("utf-8")


# -- a test file for each source file ------------------------------------------------------

# path below src/watchword (or a folder, ending in /) -> why it needs no test file of its own
NO_TEST_FILE = {
    "__main__.py": "one call; tests/running.py starts every process through it",
    "core/errors.py": "the tree is tested below",
    "core/words.py": "names; its one property is used by every test of arming",
    "storage/site/migrations/": "run by tests/contracts on both databases",
    "storage/station/migrations/": "run by tests/contracts on both databases",
    "storage/station/queries_operators.py": "every query of it is in tests/contracts, with the "
    "incidents that operators work on: test_storage_station_incidents.py",
    "storage/station/queries_people.py": "every query of it is in tests/contracts, with the "
    "sites that people are at: test_storage_station_sites.py",
    "web/keypad/devices.py": "cookies are seen only in answers: tests/web/keypad/test_app.py",
    "web/keypad/pairing.py": "its routes need the whole app: tests/web/keypad/test_app.py",
    "web/keypad/panel.py": "its routes need the whole app: tests/web/keypad/test_app.py",
}


def exempt(name: str) -> bool:
    return any(
        name == each or (each.endswith("/") and name.startswith(each)) for each in NO_TEST_FILE
    )


def only_declares(path: Path) -> bool:
    """Names, types and tables: no function in it does anything."""
    bodies = [
        statement
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
    ]
    return all(
        isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in bodies
    )


def homes_of(name: str) -> list[Path]:
    """tests/wire/uplink/test_link.py for wire/uplink/link.py, or test_uplink.py for the folder;
    tests/contracts/test_storage_station_people.py for storage/station/queries_people.py."""
    path = Path(name)
    own = TESTS / path.parent / f"test_{path.stem}.py"
    folder = TESTS / path.parent.parent / f"test_{path.parent.name}.py"
    homes = [own, folder]
    if path.parts[0] == "storage":  # queries are held to one contract on both databases
        topic = path.stem.removeprefix("queries").removeprefix("_")
        contract = "_".join(("test_storage", path.parts[1], topic)).rstrip("_")
        homes.append(TESTS / "contracts" / f"{contract}.py")
    return homes


def test_each_source_file_has_a_test_file() -> None:
    names = [path.relative_to(SOURCE).as_posix() for path in modules()]
    missing = [
        short(homes_of(name)[0])
        for name in names
        if not name.endswith("__init__.py")
        and not exempt(name)
        and not only_declares(SOURCE / name)
        if not any(each.is_file() for each in homes_of(name))
    ]
    assert not missing, "write them, or exempt them with a reason:\n" + "\n".join(missing)


@pytest.mark.parametrize("name", NO_TEST_FILE)
def test_exemptions_are_still_needed(name: str) -> None:
    assert (SOURCE / name).exists(), "remove the exemption"
    if not name.endswith("/"):
        assert not homes_of(name)[0].is_file(), "remove the exemption"


# -- banned words --------------------------------------------------------------------------

CLOCK = SOURCE / "adapters" / "shared" / "clock.py"
BANNED_CALLS = {
    "print": "use the CLI's output module, or the log",
    "asyncio.create_task": "use a task group, so that every task has an owner",
    "asyncio.ensure_future": "use a task group, so that every task has an owner",
    "datetime.now": "take `at` as an argument, or a Clock",
    "datetime.utcnow": "take `at` as an argument, or a Clock",
    "datetime.datetime.now": "take `at` as an argument, or a Clock",
    "datetime.datetime.utcnow": "take `at` as an argument, or a Clock",
    "time.time": "take `at` as an argument, or a Clock",
    "time.time_ns": "take `at` as an argument, or a Clock",
}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_no_banned_call() -> None:
    found = [
        f"{short(path)}:{call.lineno}: {name}: {BANNED_CALLS[name]}"
        for path in modules()
        if path != CLOCK
        for name, call in calls(path)
        if name in BANNED_CALLS
    ]
    assert not found, "\n".join(found)


def test_every_task_has_a_name() -> None:
    found = [
        f"{short(path)}:{call.lineno}: give the task a name"
        for path in modules()
        for name, call in calls(path)
        if name.endswith(".create_task") and "name" not in {each.arg for each in call.keywords}
    ]
    assert not found, "\n".join(found)


# -- core is pure --------------------------------------------------------------------------

CORE_IMPORTS = {
    "abc",
    "base64",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "struct",
    "typing",
    "watchword",
}


def test_core_imports_only_what_is_allowed() -> None:
    found = []
    for path in sorted((SOURCE / "core").rglob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            found += [
                f"{short(path)}:{node.lineno}: {name}"
                for name in names
                if name.split(".")[0] not in CORE_IMPORTS
                or (name.startswith("watchword") and not name.startswith("watchword.core"))
            ]
    assert not found, "core is pure; add to CORE_IMPORTS only what is too:\n" + "\n".join(found)


# -- the error tree ------------------------------------------------------------------------


def drawn_tree(docstring: str) -> dict[str, str | None]:
    """Each class in the drawing and the one it hangs from."""
    parents: list[tuple[int, str]] = []
    found: dict[str, str | None] = {}
    for line in docstring.splitlines():
        match = re.match(r"^[\s│├└─]*?([A-Z]\w*Error)\b", line)
        if match is None:
            continue
        depth = match.start(1)
        while parents and parents[-1][0] >= depth:
            parents.pop()
        found[match[1]] = parents[-1][1] if parents else None
        parents.append((depth, match[1]))
    return found


def test_error_tree_in_the_docstring_is_the_code() -> None:
    module = tree(SOURCE / "core" / "errors.py")
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    real: dict[str, str | None] = {each.name: ast.unparse(each.bases[0]) for each in classes}
    real["WatchwordError"] = None if real["WatchwordError"] == "Exception" else "?"
    assert drawn_tree(ast.get_docstring(module) or "") == real


def test_every_error_is_of_the_family() -> None:
    """An error class elsewhere derives from one of core.errors, directly or by way of another."""
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases} - {node.name}
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }

    def family(name: str) -> bool:
        return name == "WatchwordError" or any(family(base) for base in bases.get(name, ()))

    def is_error(name: str) -> bool:
        return name in {
            "Exception",
            "BaseException",
            "ValueError",
            "RuntimeError",
            "OSError",
        } or any(is_error(base) for base in bases.get(name, ()))

    strangers = [name for name in bases if is_error(name) and not family(name)]
    assert not strangers, f"derive from an error of core.errors: {strangers}"


# -- what the site cannot say --------------------------------------------------------------

SITE_SIDE = [
    SOURCE / each
    for each in (
        "site",
        "storage/site",
        "storage/shared",
        "adapters/site",
        "adapters/shared",
        "web/keypad",
        "web/phone",
        "web/shared",
        "wiring/site.py",
        "cli/site.py",
    )
]
UNSAYABLE = re.compile(
    r"duress|panic|\bhold[\s_-]?up|holdup|covert|silent.{0,3}alarm", re.IGNORECASE
)


def test_the_site_cannot_say_why_a_code_was_typed() -> None:
    found = [
        f"{short(path)}:{number}: {match[0]}"
        for path, text in texts(*(each for each in SITE_SIDE if each.exists()))
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := UNSAYABLE.search(line))
    ]
    named = [
        short(path)
        for each in SITE_SIDE
        if each.exists()
        for path in each.rglob("*")
        if UNSAYABLE.search(path.name)
    ]
    assert not found + named, "no word at the site may tell:\n" + "\n".join(found + named)


def test_the_words_are_found_when_they_are_there() -> None:
    for said in (
        "Duress",
        "PANIC",
        "hold-up",
        "HOLD_UP",
        "holdup",
        "hold up",
        "covertly",
        "silent alarm",
    ):
        assert UNSAYABLE.search(f"the {said} code")
    for innocent in ("threshold upper", "household", "silently dropped", "alarm"):
        assert not UNSAYABLE.search(innocent)


# -- what no file says ---------------------------------------------------------------------


def test_requirements_name_no_address() -> None:
    """Pinned and hashed, from whichever index the machine is set up for."""
    for path in sorted((ROOT / "requirements").iterdir()):
        text = path.read_text("utf-8")
        assert not re.search(r"https?:|--(extra-)?index-url|--find-links|--trusted-host", text), (
            path.name
        )
        if path.suffix == ".txt":
            assert re.match(r"# This file was autogenerated by uv .*\n#    make lock\n", text), (
                path.name
            )
            pinned = re.findall(r"^[a-z0-9][^ \n]*==[^ \n]+.* \\$", text, re.MULTILINE)
            listed = re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)
            assert len(pinned) == len(listed) > 0, f"{path.name}: every package has hashes"
            assert path.with_suffix(".in").is_file()


PLACES = re.compile(r"(?<![\w.*~-])/(?:work|root|farm)/")
KEPT = ("src", "tests", "tools", "docs", "requirements", ".ci")


def test_no_file_names_a_place_on_a_machine() -> None:
    found = [
        f"{short(path)}: {match[0]}"
        for folder in KEPT
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in TEXT | {".md", ".txt", ".in", ""}
        if path != Path(__file__).resolve()
        if (match := PLACES.search(path.read_text("utf-8", errors="replace")))
    ]
    assert not found, "\n".join(found)


# -- pages ---------------------------------------------------------------------------------

PAGES = [*sorted(DOCS.rglob("*.md")), *(each for each in sorted(ROOT.glob("*.md")))]


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{short(page)}: {target}"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md names every page and adr/README.md every decision record."""
    for index in (DOCS / "README.md", DOCS / "adr" / "README.md"):
        linked = {
            (index.parent / target).resolve()
            for target in re.findall(r"\]\(([^)#\s]+)", index.read_text("utf-8"))
            if ":" not in target
        }
        below = (
            index.parent.rglob("*.md")
            if index.parent.name == "adr"
            else [page for page in DOCS.rglob("*.md") if page.parent.name != "adr"]
        )
        missing = [short(page) for page in below if page != index and page.resolve() not in linked]
        assert not missing, f"{short(index)} does not name {missing}"


def test_decision_records_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((DOCS / "adr").glob("[0-9]*.md"))]
    assert numbers == list(range(len(numbers)))


def glossary(heading: str) -> list[str]:
    """The words of one table of docs/glossary.md."""
    section = (
        (DOCS / "glossary.md").read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[1:]
    return [word.strip() for row in rows for word in re.split(r",|/", row)]


@pytest.mark.parametrize("word", glossary("Words in use"))
def test_every_word_of_the_glossary_is_used(word: str) -> None:
    pattern = re.compile(
        re.escape(word).replace(r"\ ", "[ _-]?").replace(r"\-", "[ _-]?"), re.IGNORECASE
    )
    assert any(pattern.search(text) for _, text in texts(SOURCE)), "move it to the words for later"


def test_the_changelog_leads_with_security() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    for release in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        headings = re.findall(r"^### (\w+)", release, re.MULTILINE)
        order = ["Security", "Added", "Changed", "Deprecated", "Removed", "Fixed"]
        assert headings == [each for each in order if each in headings], release.splitlines()[0]
