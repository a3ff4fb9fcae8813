"""Write tests/vectors/codes.json: what Python and JavaScript must both say about codes.

    tools/vectors.py           write the file
    tools/vectors.py --check   exit 1 when it is not what the code says

Look at the difference before committing it: the vectors change only when a rule does.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

from watchword.core.codes import (
    Policy,
    ball,
    check_pair,
    draw_pair,
    max_people,
    show,
)

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "codes.json"

BALLS = ("5073", "1123", "0000", "50738", "507382", "112338", "999999", "5073826", "50738261")
WEAK = {
    "one or two digits": ("0000", "1212", "1221", "4445", "55355", "696969", "77777777"),
    "backwards the same": ("12321", "123321", "5072705"),
    "a block again": ("5050", "12312", "507507", "50735073"),
    "doubles": ("1122", "112233", "88224400"),
    "a sequence": ("1234", "4321", "7890", "0987", "1357", "13579", "1234567", "98765432"),
    "all but one in sequence": ("12349", "91234", "123459", "135791", "1234569"),
    "a walk over the keys": ("2580", "0852", "1236", "1478", "54789", "123654"),
    "corners": ("1379", "9713", "793139"),
    "lines of three": ("147258", "963741", "159357", "123789"),
    "a year": ("1900", "1990", "2026", "2039"),
    "a day": ("2412", "1224", "2902", "0229", "241299", "122499", "991224"),
    "a month": ("121990", "199012"),
    "a full date": ("24121990", "12241990", "19901224", "29022023"),
    "well known": ("0007", "1004", "5150", "5683", "31415", "112358", "271828", "314159"),
}
NOT_WEAK = {
    "nothing about them": ("5073", "8206", "50738", "507382", "629150", "5073826", "50738261"),
    "no such day": ("3002", "3106", "0230", "350738", "913002", "30022026", "31062026"),
    "no such year": ("1899", "2040", "24121899", "20401224"),
    "too short a sequence": ("1235", "12390", "123490", "1234509"),
    "dates have no such length": ("24129", "2412199"),
}
PAIRS = (
    (Policy.PRIVATE, "507382", "567312"),
    (Policy.PRIVATE, "507382", "507302"),
    (Policy.PRIVATE, "507382", "562382"),
    (Policy.PRIVATE, "507382", "547302"),
    (Policy.PRIVATE, "507382", "807382"),
    (Policy.PRIVATE, "507382", "705382"),
    (Policy.PRIVATE, "507382", "507382"),
    (Policy.PRIVATE, "507382", "123456"),
    (Policy.PRIVATE, "5073", "6079"),
    (Policy.INDEPENDENT, "507382", "629150"),
    (Policy.INDEPENDENT, "507382", "507328"),
    (Policy.INDEPENDENT, "507382", "073829"),
    (Policy.INDEPENDENT, "507382", "750738"),
    (Policy.INDEPENDENT, "507382", "507382"),
    (Policy.SWAP_LAST_TWO, "507382", "507328"),
    (Policy.SWAP_LAST_TWO, "507382", "507823"),
    (Policy.SWAP_LAST_TWO, "507382", "507382"),
    (Policy.SWAP_LAST_TWO, "1233", "1233"),
    (Policy.SWAP_LAST_TWO, "507388", "507388"),
)
SEEDS = range(4)


def drawn(policy: Policy, digits: int, seed: int) -> dict[str, Any]:
    """Draw a pair and note every number that chance gave, and below what."""
    source = random.Random(seed)  # noqa: S311 - repeatable on purpose; these codes are public
    draws: list[list[int]] = []

    def draw(below: int) -> int:
        draws.append([below, source.randrange(below)])
        return draws[-1][1]

    pair = draw_pair(policy, digits, draw)
    return {"policy": policy, "digits": digits, "draws": draws, "pair": list(pair)}


def near_other() -> list[dict[str, Any]]:
    """Pairs that are fine by themselves, with somebody else's code at some distance."""
    pair = ("507382", "567312")
    held = ("507382", "567312", "507383", "567321", "056731", "629150")
    return [
        {
            "policy": Policy.PRIVATE,
            "pair": list(pair),
            "held": code,
            "refusal": check_pair(Policy.PRIVATE, pair, code.__eq__),
        }
        for code in held
    ]


def vectors() -> dict[str, Any]:
    """Return all vectors as plain values."""
    return {
        "about": "Written by tools/vectors.py. draws are [below, value] in the order asked.",
        "show": {code: show(code) for code in ("5073", "50738", "507382", "5073826", "50738261")},
        "max_people": {str(digits): max_people(digits) for digits in range(4, 9)},
        "balls": {code: sorted(ball(code)) for code in BALLS},
        "weak": WEAK,
        "not_weak": NOT_WEAK,
        "pairs": [
            {"policy": policy, "pair": [a, b], "refusal": check_pair(policy, (a, b), _free)}
            for policy, a, b in PAIRS
        ],
        "near_other": near_other(),
        "drawn": [
            drawn(policy, digits, seed)
            for policy in Policy
            for digits in (4, 5, 6, 8)
            for seed in SEEDS
        ],
    }


def text() -> str:
    """Return the file's text: one line for each vector, so that a difference can be read."""
    parts = []
    for name, value in vectors().items():
        if isinstance(value, dict):
            rows = [f"{json.dumps(key)}: {json.dumps(each)}" for key, each in value.items()]
            parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n}")
        elif isinstance(value, list):
            parts.append(f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, value)) + "\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _free(_: str) -> bool:
    return False


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(TARGET.read_text(encoding="utf-8") != text())
    TARGET.write_text(text(), encoding="utf-8")
