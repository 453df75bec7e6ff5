"""What is said on stderr while a page is decoded."""

import contextlib
import os

import pytest

from image.codec.complaints import FLAW, overheard


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        (b"", ""),
        (b"Fax4Decode: Bad code word at line 12 of strip 0 (x 3).\n", FLAW),
        (b"Fax3Decode1D: Premature EOF at line 3 of strip 0 (x 0).\n", FLAW),
        (b"a harmless word\n", ""),
    ],
)
def test_heard_and_passed_on(capfd: pytest.CaptureFixture[str], said: bytes, flaw: str):
    """Damage becomes a sentence, and whatever was said still reaches the real stderr."""
    with overheard() as complaints:
        os.write(2, said)
    assert complaints.flaw == flaw
    assert capfd.readouterr().err.encode() == said


def test_stderr_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]):
    """When decoding fails, stderr is the real one again and loses nothing."""
    with contextlib.suppress(ValueError), overheard():
        os.write(2, b"before ")
        raise ValueError
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_no_descriptor_is_left_open():
    """A thousand pages take no more descriptors than one."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with overheard():
            pass
    assert len(os.listdir("/proc/self/fd")) == before
