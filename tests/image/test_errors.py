"""Whose fault an OSError is."""

import errno

import pytest

from image.errors import is_local


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ENOENT, errno.EMFILE, errno.ENOMEM])
def test_our_own_trouble(number: int):
    """A full or failing disk is this box's trouble, and temporary."""
    assert is_local(OSError(number, "x"))


@pytest.mark.parametrize("error", [OSError("image file is truncated"), OSError(errno.EINVAL, "x")])
def test_bad_bytes(error: OSError):
    """What a decoder raises for bytes it cannot read is a fault of the scan."""
    assert not is_local(error)
