"""What every handler has at hand."""

from types import SimpleNamespace

import pytest

from watchword.web.console.context import console_of, draw


def test_an_application_that_is_not_ours_is_a_bug() -> None:
    request = SimpleNamespace(
        app=SimpleNamespace(template_engine=None, state=SimpleNamespace(console=None))
    )
    with pytest.raises(TypeError):
        console_of(request)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        draw(request, "place.html")  # type: ignore[arg-type]
