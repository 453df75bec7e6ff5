import pytest

from tests.gateway.normalise.mailing import TIFF, files_of, made, pages_of, refused, zipped
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.station import SMALL
from tests.peers.scans import tiff_g4


async def test_a_zip_of_pages(station):
    """Case 43: a zip of pages is one PDF in the order of its numbers; litter and paths in it come to nothing."""
    pages = [(f"scans/../../page{number}.tif", tiff_g4(pages=number, size_px=SMALL)) for number in (10, 9, 1)]
    archive = zipped(("__MACOSX/._page1.tif", b"x"), ("scans/", b""), ("scans/Thumbs.db", b"x"), *pages)
    out = await made(station, attached(("application/zip", "scan.zip", archive)).as_bytes())
    assert pages_of(out) == 20
    assert files_of(out) == [("page1.pdf", "application/pdf")]


def _encrypted() -> bytes:
    data = bytearray(zipped(("1.tif", TIFF)))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    return bytes(data)


def _flipped() -> bytes:
    data = bytearray(zipped(("1.tif", TIFF)))
    data[len(data) // 2] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (_encrypted(), 'The zip "scan.zip" needs a password'),
        (zipped(("1.tif", TIFF), ("more.zip", zipped(("2.tif", TIFF)))), "holds another zip"),
        (zipped(*((f"{number}.tif", b"x") for number in range(501))), "holds more than 500 files"),
        (zipped(("1.tif", TIFF[:8] + bytes(40_000_000))), "unpacks to more than any scan"),
        (zipped(("1.tif", TIFF))[:-30], "is cut short"),
        (_flipped(), "is damaged"),
        (zipped(("1.tif", TIFF)).replace(b"PK\x01\x02", b"PK\x01\x03"), "is damaged"),
    ],
    ids=["encrypted", "zip in zip", "many", "bomb", "cut", "flipped", "directory"],
)
async def test_a_zip_that_cannot_be_unpacked(station, archive, said):
    """Case 43: a zip with a password, another zip, too much in it, or damage, fails with a clear sentence."""
    message = attached(("application/zip", "scan.zip", archive)).as_bytes()
    reason = await refused(station, message)
    assert said in reason
    assert reason.endswith(".")
