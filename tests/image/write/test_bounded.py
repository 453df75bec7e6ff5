"""A file that may not grow past the limit."""

import errno
import io
from pathlib import Path

import pytest

from image.document import Limits, Written
from image.errors import ScanError
from image.write.bounded import BoundedFile


def test_up_to_the_limit():
    """Everything up to the limit is written; what goes past it is a failure that is remembered, not raised."""
    inner = io.BytesIO()
    file = BoundedFile(inner, Limits(output_bytes=10))
    failures = []
    for data in (b"0123456789", b"x"):
        assert file.write(data) == len(data)
        failures.append(file.failure)
    assert failures[0] is None
    assert isinstance(failures[1], ScanError)
    assert inner.getvalue() == b"0123456789"
    with pytest.raises(ScanError):
        file.written()


def test_what_was_written():
    """The size is that of the bytes."""
    file = BoundedFile(io.BytesIO(), Limits())
    file.write(b"abc")
    assert file.written() == Written(3)


def test_the_first_failure_counts():
    """A full disk is remembered as itself, and nothing is raised into the library that writes."""
    with Path("/dev/full").open("wb", buffering=0) as inner:
        file = BoundedFile(inner, Limits())
        file.write(b"x")
        file.write(b"y")
    assert isinstance(file.failure, OSError)
    assert file.failure.errno == errno.ENOSPC
