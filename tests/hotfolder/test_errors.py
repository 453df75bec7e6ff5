import errno
import os

import pytest

from hotfolder.errors import ShareError, advice, telling


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.ESTALE])
def test_an_error_says_what_was_wanted_and_why_it_failed(number: int):
    """The operator reads one sentence, and the code still sees which error it was."""
    with pytest.raises(ShareError) as caught, telling("cannot take scan.pdf"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"cannot take scan.pdf: {advice(OSError(number, os.strerror(number)))}"
    assert caught.value.errno == number


def test_an_error_without_a_number_has_a_sentence_too():
    """Not every OSError comes from the kernel."""
    assert advice(OSError("odd")) == "odd"
