"""What the enrolment page is told says nothing that tells links apart."""

from watchword.core.errors import InputError, NotFoundError
from watchword.station.enrol_views import PAIRS, LinkUnusableError


def test_one_error_for_every_unusable_link() -> None:
    error = LinkUnusableError()
    assert isinstance(error, InputError)
    assert not isinstance(error, NotFoundError)  # 400 and not 404: the same for all
    assert str(error) == str(LinkUnusableError())
    assert "new link" in error.hint


def test_a_batch_has_eight_pairs() -> None:
    assert PAIRS == 8
