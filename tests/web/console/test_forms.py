"""What a posted form may hold: any bytes at all get one clear answer, never a 500."""

import unicodedata

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from web.console.conftest import HTML

KIND = {"content-type": "application/x-www-form-urlencoded", "x-watchword": "1"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=300))
async def test_any_bytes_are_refused_politely(ann, body: bytes) -> None:
    answer = await ann.client.post("/place", content=body, headers=HTML | KIND)
    assert answer.status_code in {400, 403}
    assert answer.json()["detail"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=200))
async def test_any_note_is_kept_or_refused(ann, station, text: str) -> None:
    incident = next(iter(station.records), None) or station.add()
    answer = await ann.send(
        f"/incidents/{incident}/note", text=text.encode("utf-8", "replace").decode()
    )
    assert answer.status_code in {200, 400}
    kept = station.records[incident].timeline[-1].text
    assert not [c for c in kept if unicodedata.category(c) == "Cc" and c not in "\n\t"]
