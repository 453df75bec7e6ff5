"""The streamed DATA: where the message ends, and its bytes without the transparency dots (RFC 5321 section 4.5.2)."""

from typing import Final

_END: Final = b"\r\n.\r\n"
_DOT: Final = b"\r\n."
_CARRY_BYTES: Final = len(_END) - 1


class DataDecoder:
    """Turns what follows ``354`` into the message, block by block, in constant memory.

    Only CRLF.CRLF ends the message; a bare LF or CR is content, so nothing can be smuggled behind a false end.
    """

    def __init__(self) -> None:
        self._carry = b"\r\n"  # the message starts at the start of a line
        self._is_first = True
        self.is_ended = False

    def feed(self, block: bytes) -> tuple[bytes, bytes]:
        """Return (message bytes, rest). ``rest`` is what follows the end of the message; empty before ``is_ended``.

        Raises ValueError after the end.
        """
        if self.is_ended:
            raise ValueError("the message has ended")
        text = self._carry + block
        # Base64 has no dot, and one byte is looked for some 60 times faster than a sequence (2026-11-25).
        dot = text.find(_DOT, max(text.find(b".") - 2, 0)) if b"." in text else -1
        end = text.find(_END, dot) if dot >= 0 else -1
        if end >= 0:
            self.is_ended = True
            return self._release(text[: end + 2], has_dots=dot < end), text[end + len(_END) :]
        # An end, or a dot to be removed, can begin at the first CR of the last four bytes: those wait for more.
        cut = text.find(b"\r", max(len(text) - _CARRY_BYTES, 0))
        if cut < 0:
            cut = len(text)
        self._carry = text[cut:]
        return self._release(text[:cut], has_dots=dot >= 0), b""

    def _release(self, text: bytes, *, has_dots: bool) -> bytes:
        """Remove one dot at the start of each line, and the line end that only stood for the start of the message."""
        plain = text.replace(_DOT, b"\r\n") if has_dots else text
        if self._is_first and text:
            self._is_first = False
            return plain[2:]
        return plain
