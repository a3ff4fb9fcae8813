import pytest

from web.enrol.node import lay_out


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A folder that holds the static files as the station serves them, for Node."""
    return lay_out(tmp_path_factory.mktemp("served"))
