"""What stops work in a share: the sentence for its reader, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ADVICE: Final = {
    errno.EXDEV: (
        "share and spool are on different file systems; put [[share]] path and [gateway] state on the same one"
    ),
    errno.EEXIST: "the name it is to get is taken",
    errno.ENOTDIR: "a file or a link stands where a directory has to be; remove it",
    errno.ELOOP: "a link stands where a file or directory has to be; remove it",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "permission denied; give the share's files to the gateway's user (Samba: force user)",
    errno.EPERM: "not permitted; give the share's files to the gateway's user (Samba: force user)",
    errno.EROFS: "the file system is read-only; check the card or disk",
    errno.EIO: "the disk cannot read or write it; check the card or disk",
}


class ShareError(OSError):
    """A share cannot be worked in now. ``str()`` is the sentence for the operator; the scan stays where it was.

    It is an OSError so that ``errno`` tells a full disk from the rest.
    """

    def __init__(self, number: int | None, sentence: str) -> None:
        super().__init__(number, sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Turn an OSError inside into a ShareError: ``what`` could not be done, why, and what helps."""
    try:
        yield
    except OSError as error:
        raise ShareError(error.errno, f"{what}: {advice(error)}") from error


def advice(error: OSError) -> str:
    """Return a clause that says why, and what helps where that is known."""
    known = _ADVICE.get(error.errno) if error.errno else None
    return known or error.strerror or str(error)
