"""Write what is generated from the code, or check that it is up to date.

    tools/docs.py           write everything anew
    tools/docs.py --check   change nothing; exit 1 and name what is out of date

A generator is a script of its own in this folder: alone it writes its file, with `--check` it
exits 1 when the file is not what the code says. Add a new one to GENERATORS.
"""

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent

GENERATORS = {
    "diagram.py": "docs/reference/arming.md",
    "reference.py": "docs/reference/{commands,settings,wire,plans}.md",
    "vectors.py": "tests/vectors/codes.json",
}
# Not generated, but checked the same way: other people's files are the ones we named.
CHECKERS = {"vendor.py": "src/watchword/web/shared/static/vendor"}


def run(script: str, *arguments: str) -> bool:
    """Run one script with this Python; tell whether it was content."""
    return (
        subprocess.run([sys.executable, str(TOOLS / script), *arguments], check=False).returncode
        == 0
    )


def main() -> int:
    """Write or check everything; return the exit status."""
    if sys.argv[1:] == []:
        failed = [target for script, target in GENERATORS.items() if not run(script)]
        for target in failed:
            print(f"could not be written: {target}")
    elif sys.argv[1:] == ["--check"]:
        everything = GENERATORS | CHECKERS
        failed = [target for script, target in everything.items() if not run(script, "--check")]
        for target in failed:
            print(f"out of date: {target}. Run `make docs` and look at the difference.")
    else:
        print(__doc__)
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
