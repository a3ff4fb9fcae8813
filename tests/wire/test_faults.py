"""The checks that every layout shares, and the tree that the module prints."""

import re

import pytest

from watchword.core.errors import RemoteFaultError
from watchword.wire import faults


def test_every_fault_is_in_the_printed_tree_and_of_the_family() -> None:
    made = {
        name
        for name, value in vars(faults).items()
        if isinstance(value, type) and value.__module__ == faults.__name__
    }
    assert made == set(re.findall(r"── (\w+Error)", faults.__doc__ or ""))
    assert all(issubclass(getattr(faults, name), RemoteFaultError) for name in made)


def test_messages_say_what_was_wrong() -> None:
    with pytest.raises(faults.MalformedError, match=r"A frame has 511 bytes, not 512\."):
        faults.exactly(bytes(511), 512, "A frame")
    with pytest.raises(faults.WrongVersionError, match="version 2; this release speaks version 1"):
        faults.version(2, 1, "A frame")
    with pytest.raises(faults.MalformedError, match="Padding is not zero"):
        faults.zeros(b"\0\1", "Padding")
    faults.exactly(b"", 0, "Nothing")
    faults.version(1, 1, "A frame")
    faults.zeros(b"", "Nothing")
