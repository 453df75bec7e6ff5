"""Whether the picture data of a JPEG is all there: decoders fill up what is missing, and keep it to themselves."""

import hashlib
import io
import re

from PIL import Image

from image.complaints import FLAW


def is_complete_jpeg(data: bytes) -> bool:
    """Whether the picture data of a sequential JPEG that lacks its EOI is all there.

    Bytes behind a complete picture are skipped by every decoder; behind an incomplete one they are taken for its
    missing rest. So the picture is complete when it comes out the same whatever bits stand behind it.
    """
    digests: set[bytes] = set()
    for behind in (b"", b"\xaa", b"\x55", b"\xfe"):
        try:
            image = Image.open(io.BytesIO(continued(data, behind)), formats=("JPEG",))
            digests.add(hashlib.sha256(image.tobytes()).digest())
        except (OSError, ValueError, SyntaxError):
            return False
    return len(digests) == 1


def continued(data: bytes, behind: bytes) -> bytes:
    """A JPEG that lacks its EOI, or has lost it, with ``behind`` many times over behind its data, and an EOI."""
    # A last FF would make a marker of what is put behind it, and picture data never ends in one.
    data = data.rstrip(b"\xff")
    restarts = re.findall(rb"\xff([\xd0-\xd7])", data)
    following = restarts[-1][0] - 0xD0 + 1 if restarts else 0
    # Where a restart is due, decoders read on only behind its marker, the right one of eight.
    rest = b"".join(behind * 1024 + bytes([0xFF, 0xD0 + (following + step) % 8]) for step in range(16))
    return data + rest + behind * 1024 + b"\xff\xd9"


def jpeg_flaw(data: bytes) -> str:
    """What is to be said of a page whose JPEG is passed, once it has been decoded; mostly nothing.

    Of a progressive one it is only seen that it decodes: its last scan may be whole when another is not.
    """
    end = data.rfind(b"\xff\xd9")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            image.load()
            is_one_pass = not image.info.get("progressive")
    except (OSError, ValueError, SyntaxError):
        return FLAW
    return FLAW if is_one_pass and not is_complete_jpeg(data[:end]) else ""
