"""Whether the picture data of a JPEG is all there: decoders fill up what is missing, and keep it to themselves."""

import hashlib
import io
import re
from collections.abc import Callable

from PIL import Image

from image.codec.complaints import FLAW

_NOISE = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(32)).replace(b"\xff", b"\xfe")
"""Bytes without any order, the same every time: in a page that is all white, ordered ones may change nothing."""

_START_OF_SCAN = b"\xff\xda"
_LAST_BYTES = 64
"""More than any padding but zeros and ones that encoders put behind a picture, less than the blocks of a line take."""


def is_complete_jpeg(data: bytes) -> bool:
    """Whether the picture data of a sequential JPEG that lacks its EOI is all there.

    Bytes behind a complete picture are skipped by every decoder; behind an incomplete one they are taken for its
    missing rest. So the picture is complete when it comes out the same whatever bits stand behind it.
    """
    digests = {_digest(continued(data, behind)) for behind in (b"", b"\xaa", b"\x55", b"\xfe")}
    return len(digests) == 1 and digests != {b""}


def continued(data: bytes, behind: bytes) -> bytes:
    """A JPEG that lacks its EOI, or has lost it, with ``behind`` over and over behind its data, and an EOI."""
    # A last FF would make a marker of what is put behind it, and picture data never ends in one.
    data = data.rstrip(b"\xff")
    restarts = re.findall(rb"\xff([\xd0-\xd7])", data)
    following = restarts[-1][0] - 0xD0 + 1 if restarts else 0
    # Where a restart is due, decoders read on only behind its marker, the right one of eight.
    behind = (behind * 1024)[:1024]
    rest = b"".join(behind + bytes([0xFF, 0xD0 + (following + step) % 8]) for step in range(16))
    return data + rest + behind + b"\xff\xd9"


def has_more(data: bytes, show: Callable[[bytes], bytes], shown: bytes) -> bool:
    """Whether data stands behind the picture that nothing decodes, a sign of damage in it. ``data`` has lost its EOI.

    ``show`` decodes a JPEG, and ``shown`` is what it makes of this one: the same still when its last bytes are others.
    Pages that are all white may look so whatever bytes there are, and say nothing.
    """
    # Encoders pad with zeros and ones.
    data = data.rstrip(b"\x00\xff")
    headers = data.rfind(_START_OF_SCAN)
    scan = headers + 2 + int.from_bytes(data[headers + 2 : headers + 4], "big")
    if headers < 0 or scan >= len(data) - _LAST_BYTES:
        return False
    less, nothing = (continued(data[:end], _NOISE) for end in (-_LAST_BYTES, scan))
    return show(less) == shown and show(nothing) != shown


def jpeg_flaw(data: bytes) -> str:
    """What is to be said of a page whose JPEG is passed, once it has been decoded; mostly nothing.

    Of a progressive one it is only seen that it decodes: its last scan may be whole when another is not.
    """
    end, whole = data.rfind(b"\xff\xd9"), _digest(data)
    if not whole:
        return FLAW
    if _is_progressive(data):
        return ""
    return FLAW if has_more(data[:end], _digest, whole) or not is_complete_jpeg(data[:end]) else ""


def _digest(data: bytes) -> bytes:
    """What the pixels of a JPEG come to; nothing when it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return hashlib.sha256(image.tobytes()).digest()
    except (OSError, ValueError, SyntaxError):
        return b""


def _is_progressive(data: bytes) -> bool:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return bool(image.info.get("progressive"))
