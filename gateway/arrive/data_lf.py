"""The streamed DATA of a device that writes no CR: lines, and the message, may end with LF alone.

For listeners with ``bare_lf`` only. Whoever may use them can end a message where a stricter server sees content; it
gains nothing here, since a mail is rebuilt and never passed on as it came.
"""

import re
from typing import Final

_END: Final = re.compile(rb"\n\.\r?\n")
_BEGUN_ENDS: Final = (b"\n", b"\n.", b"\n.\r")
_BARE_END: Final = re.compile(rb"(?:\A|\n)\.\r?\n\Z")

TAIL_BYTES: Final = 5
"""As much of the end of what came as ``ends_in_bare_lf`` wants to see."""


class BareLfDecoder:
    r"""As DataDecoder, but a message ends with any of ``\\r?\\n.\\r?\\n``, and dots go behind any LF.

    Line ends come through as they were sent.
    """

    def __init__(self) -> None:
        self._carry = b"\n"  # the message starts at the start of a line
        self._is_first = True
        self.is_ended = False

    def feed(self, block: bytes) -> tuple[bytes, bytes]:
        """Return (message bytes, rest). ``rest`` is what follows the end of the message; empty before ``is_ended``.

        Raises ValueError after the end.
        """
        if self.is_ended:
            raise ValueError("the message has ended")
        text = self._carry + block
        end = _END.search(text) if b"." in text else None  # base64 has none, and one byte is found quickly
        if end is not None:
            self.is_ended = True
            return self._release(text[: end.start() + 1]), text[end.end() :]
        # An end, or a dot to be removed, that has begun waits for more.
        held_bytes = next((len(begun) for begun in _BEGUN_ENDS if text.endswith(begun)), 0)
        cut = len(text) - held_bytes
        self._carry = text[cut:]
        return self._release(text[:cut]), b""

    def _release(self, text: bytes) -> bytes:
        """Remove one dot at the start of each line, and the line end that only stood for the start of the message."""
        plain = text.replace(b"\n.", b"\n")
        if self._is_first and text:
            self._is_first = False
            return plain[1:]
        return plain


def ends_in_bare_lf(tail: bytes) -> bool:
    r"""Tell whether what came last looks like the end of a message whose lines end with LF alone.

    ``tail``: the last TAIL_BYTES of it. To be asked only when no end was found, so CRLF.CRLF need not be told apart.
    """
    return _BARE_END.search(tail) is not None
