"""Write the reference pages that come from the code: commands, settings, bytes, plans.

python tools/reference.py           write docs/reference/{commands,settings,wire,plans}.md
python tools/reference.py --check   exit 1 when a page is not what the code says
"""

import ast
import sys
from pathlib import Path

import click
import typer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from watchword.cli.main import app  # noqa: E402
from watchword.core.escalation import __doc__ as escalation_rules  # noqa: E402
from watchword.core.kinds import Kind  # noqa: E402
from watchword.core.plan import builtin_plans  # noqa: E402
from watchword.site.config import SAMPLE as SITE_SAMPLE  # noqa: E402
from watchword.station.config import SAMPLE as STATION_SAMPLE  # noqa: E402

PAGES = ROOT / "docs" / "reference"
WIRE = ("seal", "slot", "report", "batch", "letter", "pairing")
UPLINK = ("cell", "frame", "acks", "outbound", "link")


def commands() -> str:
    """Every command with its arguments and options."""
    lines = [
        "# Commands",
        "",
        "Every command ends with status 0 when it did what it was asked, with 2 and one line on",
        "standard error when it could not. Secrets come on standard input: give `-` for the",
        "value; a literal value is accepted for demos, and other users of the machine can see it.",
        "",
    ]
    root = typer.main.get_command(app)
    for name, command in sorted(walk(root, "watchword")):
        lines += [f"## `{name}`", "", command.help or "", ""]
        rows = [row(p) for p in command.params if not getattr(p, "hidden", False)]
        rows = [r for r in rows if r]
        if rows:
            lines += ["| | | usually |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def walk(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    """The leaves of a tree of commands, hidden ones left out."""
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        found = []
        for part, sub in command.commands.items():
            if not sub.hidden:
                found += walk(sub, f"{name} {part}")
        return found
    return [(name, command)]


def row(parameter: click.Parameter) -> str:
    """One argument or option as a row of a table."""
    if parameter.name == "help":
        return ""
    argument = parameter.param_type_name == "argument"
    name = (parameter.name or "").upper() if argument else ", ".join(parameter.opts)
    help_text = getattr(parameter, "help", "") or ""
    default = "" if parameter.required or parameter.default in (None, False) else parameter.default
    return f"| `{name}` | {help_text} | {f'`{default}`' if default != '' else ''} |"


def settings() -> str:
    """The two settings files as a new installation gets them."""
    return f"""\
# Settings

Each half reads one TOML file from its directory, once, at the start. A setting that is not
known is refused: a misspelt delay must not silently be the usual one.

## `DIR/site/site.toml`

```toml
{SITE_SAMPLE.rstrip()}
```

## `DIR/station/station.toml`

```toml
{STATION_SAMPLE.rstrip()}
```
"""


def wire() -> str:
    """What each protocol file says of itself."""
    lines = ["# Bytes: what is sealed, and what goes over the uplink", ""]
    for folder, names in (("wire", WIRE), ("wire/uplink", UPLINK)):
        for name in names:
            path = ROOT / "src" / "watchword" / folder / f"{name}.py"
            lines += [f"## `{folder}/{name}`", "", docstring(path), ""]
    return "\n".join(lines)


def docstring(path: Path) -> str:
    """A module's docstring, with its drawings as code."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    out, drawing = [], False
    for line in text.splitlines():
        if line.startswith("    ") and not drawing:
            out.append("```")
            drawing = True
        elif drawing and line and not line.startswith("    "):
            out.insert(len(out) - (1 if out[-1] == "" else 0), "```")
            drawing = False
        out.append(line.removeprefix("    ") if drawing else line)
    if drawing:
        out.append("```")
    return "\n".join(out).rstrip()


def plans() -> str:
    """The kinds of incident, gravest first, and the built-in plan of each."""
    lines = [
        "# Kinds of incident and their built-in plans",
        "",
        "| kind | priority | threat to life | covert |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {k.value} | {k.priority} | {'yes' if k.life else ''} | {'yes' if k.covert else ''} |"
        for k in Kind
    ]
    lines += [
        "",
        "No plan has a step that calls the premises, for any kind: no such step exists.",
        "",
    ]
    for plan in sorted(builtin_plans(), key=lambda p: p.kind.priority):
        lines += [f"## {plan.kind.value}", ""]
        lines += [
            f"{n}. {step.label}, within {step.deadline_s:g} s"
            + (", begun by itself" if step.auto else "")
            for n, step in enumerate(plan.steps, start=1)
        ]
        lines.append("")
    lines += ["## Escalation", "", (escalation_rules or "").strip(), ""]
    return "\n".join(lines)


MADE = {"commands.md": commands, "settings.md": settings, "wire.md": wire, "plans.md": plans}


def main() -> int:
    """Write or check the pages; returns the exit status."""
    stale = []
    for name, make in MADE.items():
        page, text = PAGES / name, make()
        if sys.argv[1:] == ["--check"]:
            if not page.exists() or page.read_text("utf-8") != text:
                stale.append(name)
        else:
            page.write_text(text, "utf-8")
    for name in stale:
        print(f"docs/reference/{name} is not what the code says")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
