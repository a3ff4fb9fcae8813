"""The station's string catalogue: every sentence that an operator reads about an incident.

Timelines keep a key and its parameters, never a sentence, so that another language is
another table of this form.
"""

from collections.abc import Mapping
from typing import Any, Final

TEXTS: Final[Mapping[str, str]] = {
    "kind.duress": "Duress",
    "kind.hold-up": "Hold-up",
    "kind.intruder": "Intruder",
    "kind.medical": "Medical",
    "kind.assistance": "Assistance",
    "kind.fire": "Fire",
    "kind.burglary": "Burglary",
    "kind.path-loss": "Path lost",
    "kind.trouble": "Trouble",
    "kind.attention": "Needs a person",
    "duress": "{person} entered the duress code at {place} ({action}).",
    "duress-locked": "{person} entered the duress code at {place} while it was locked.",
    "duress-retired": "{person} entered a duress code at {place} that is no longer in use.",
    "token-unknown": "A code at {place} that this station never issued. Perhaps exchanged.",
    "token-retired": "A code of {person} at {place} that is no longer in use.",
    "token-foreign": "A code at {place} that was issued for another site.",
    "token-unreadable": "A code at {place} that cannot be read. Perhaps exchanged.",
    "token-missing": "An accepted code at {place} that says nothing. Perhaps exchanged.",
    "token-meaning": "A code of {person} at {place} whose meaning this release does not know.",
    "report-unreadable": "A report that cannot be opened. It is kept and tried again.",
    "report-different": "A report that does not match its envelope: {what}.",
    "report-replayed": "Two different reports under one number. Both are kept.",
    "report-unprocessed": "A signal that could not be processed. It is kept and tried again.",
    "report-unknown": "A report of a kind that this release does not know ({event}) at {place}.",
    "not-evaluated": "Attempts at {place} were not evaluated during a lock-out. Count: {count}.",
    "button": "The button {place} was pressed.",
    "alarm": "Alarm: {place}.",
    "alarm-aborted": "The alarm was aborted at the site. This changes nothing here.",
    "alarm-restored": "{place} is quiet again. This changes nothing here.",
    "exit-error": "The alarm came right after leaving: {place}.",
    "trouble": "Trouble reported by the site: {place}.",
    "trouble.1": "it cannot save to its disk",
    "trouble.2": "it had no connection to the station",
    "trouble.3": "its clock is wrong",
    "trouble.4": "a certificate has expired",
    "trouble.5": "the station did not answer it",
    "trouble.other": "number {number}",
    "trouble-restored": "The site says that this trouble is over: {place}.",
    "journal-broken": "The site's journal does not continue what was witnessed: it had {known} "
    "entries and has {told}. It was rewritten, or restored from a back-up.",
    "path-lost": "Nothing heard from the site for {silent_s} s; its category allows {allowed_s} s.",
    "path-restored": "The site is heard again.",
    "raised": "Graver now: {kind}. Everything starts anew.",
    "escalated.unclaimed": "Nobody has taken this.",
    "escalated.not-dispatched": "Nobody has been sent.",
    "escalated.not-accepted": "Those who send help have not accepted.",
    "escalated.second-look": "The second look is due.",
    "claimed": "Taken.",
    "handed-over": "Handed over to {to}.",
    "noted": "{text}",
    "dispatch-started": "Dispatch started.",
    "handoff-queued": "Hand-off to {target} queued.",
    "handoff-sent": "Hand-off to {target} sent.",
    "handoff-delivered": "Hand-off to {target} delivered. Nobody has accepted it yet.",
    "handoff-failed": "Hand-off to {target} failed: {reason}.",
    "accepted": "{target}: accepted by {who}, reference {reference}.",
    "released": "Released to {to_whom}, reference {reference}: {reason}",
    "codes-renew": "Both codes of the people concerned are to be issued anew.",
    "closed": "Closed as {cause}. {note}",
    "second-look-due": "Another operator must look again.",
    "second-look-agreed": "Second look: agreed.",
    "second-look-reopened": "Second look: not agreed. Open again.",
    "second-look-deferred": "The second look was deferred.",
    "step-done": "{label}: done.",
    "step-late": "{label}: not done in time.",
    "step-passed": "{label}: nothing came in time.",
    "place.entry": "entry point {number}",
    "place.zone": "zone {number}",
    "place.area": "area {number}",
    "place.button": "button {number}",
    "place.unknown": "an unnamed place",
    "person.unknown": "somebody",
    "sheet.title": "Dispatch sheet",
    "sheet.button": "Somebody pressed a help button",
    "sheet.duress": "Person forced to enter a code: treat as armed hold-up in progress",
    "sheet.hold-up": "Hold-up button pressed",
    "approach.no-call": "Do not call the premises. Call us.",
    "approach.silent": "Approach silently: no siren, no lights near the site.",
    "approach.no-all-clear": "Accept no all-clear at the door.",
    "approach.not-told": "The premises do not know that we know.",
}
"""Everything by key; parameters in braces."""


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def text(key: str, params: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key; an old entry never fails to be shown for want of a parameter."""
    found = TEXTS.get(key)
    if found is None:
        return key
    return found.format_map(_Missing(params or {})).strip()


def kind_label(kind: str, *, attention: bool) -> str:
    """What an incident is called; what needs a person is named so."""
    if attention and kind == "trouble":
        return TEXTS["kind.attention"]
    return TEXTS.get(f"kind.{kind}", kind)
