"""What stands in the enrolment page's own files: neutral words, no storage, every text there."""

import re

import pytest

from watchword.web.enrol.routes import STATIC, STRINGS, TEMPLATES
from watchword.web.shared.strings import Strings

# Anybody may look over the person's shoulder.
LOUD = re.compile(r"duress|panic|hold-?up|covert|silent[ _-]?alarm", re.IGNORECASE)
# Nothing stays in the browser, and nothing is said where an extension or a log reads it.
KEEPS = re.compile(
    r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\b|serviceWorker|console\."
    r"|window\.\w+ =|globalThis\.\w+ ="
)
FILES = sorted(path for root in (STATIC, STRINGS, TEMPLATES) for path in root.iterdir())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_loud_word_and_nothing_kept(path):
    text = path.read_text(encoding="utf-8")
    assert not LOUD.search(text)
    assert not KEEPS.search(text)


def test_every_text_that_the_script_asks_for_is_there():
    texts = Strings.load(STRINGS).under("enrol.script")
    script = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    asked = set(re.findall(r'texts(?:\.|\[")([a-z-]+)', script))
    for part in ("when", "ask", "spoken", "other"):
        asked |= {f"{part}-everyday", f"{part}-forced"}
    reasons = set(re.findall(r'(?:stop|askAgain)\("([a-z]+)"', script))
    assert reasons == {"refused", "unreachable", "old", "broken", "idle"}
    asked |= reasons | {f"{reason}-todo" for reason in reasons}
    asked |= {"wrong", "wrong-often"}
    assert asked == set(texts)
