"""The command line as a whole: one line for every failure, and no half loaded that is not asked."""

import os
import re
import subprocess
import sys

import pytest

from running import watchword
from telling import one_line
from watchword.cli.main import app

pytestmark = [pytest.mark.slow, pytest.mark.process]

COMMANDS = sorted(
    [
        *(c.callback.__name__ for c in app.registered_commands if not c.hidden),
        *(g.name for g in app.registered_groups),
    ]
)


def python(text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


def test_help_names_every_command() -> None:
    done = watchword("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", done.stdout), name
    assert "provision" not in done.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("no-such-command",),
        ("attempt",),
        ("attempt", "--code", "123456"),
        ("up", "--site-port", "0"),
        ("up", "--site-port", "70000"),
        ("site", "--port", "eighty"),
        ("doctor", "--no-such-option"),
    ],
)
def test_a_mistake_in_the_command_is_status_2_and_no_traceback(args: tuple[str, ...]) -> None:
    done = watchword(*args)
    assert done.returncode == 2
    assert done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_directory_may_come_from_the_environment(tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = python(
        "import sys; sys.argv = ['watchword', 'incidents']; "
        "from watchword.cli.main import main; main()",
        WATCHWORD_DATA=str(tmp_path / "elsewhere"),
    )
    one_line(done, str(tmp_path / "elsewhere"))


def test_a_reader_that_leaves_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "watchword", "--help"],
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert "Traceback" not in done.stderr


def test_looking_at_the_help_loads_neither_half() -> None:
    done = python(
        "import sys, watchword.cli.main\n"
        "print([m for m in sys.modules if m.startswith(('watchword.site', 'watchword.station',"
        " 'watchword.wiring', 'watchword.storage', 'sqlalchemy', 'litestar'))])"
    )
    assert done.stdout == "[]\n"


def test_the_program_and_the_module_are_one() -> None:
    program = subprocess.run(
        [str(os.path.join(os.path.dirname(sys.executable), "watchword")), "--help"],  # noqa: PTH118, PTH120
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert program.returncode == 0
    assert "A self-hosted duress alarm code system" in program.stdout
