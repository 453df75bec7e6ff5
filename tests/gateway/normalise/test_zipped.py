import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.normalise import zipped as zipped_module
from image.errors import ScanError
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


@pytest.mark.parametrize("held", [bytes(15_000_000), b"II*\0" + bytes(15_000_000)], ids=["anything", "scans"])
async def test_many_zips_have_no_more_room_than_one(station, held, monkeypatch):
    """Zips that each stay within their bounds fill no disk together: what a mail unpacks to is counted for all."""
    monkeypatch.setattr(zipped_module, "UNPACKED_BYTES", 40_000_000)
    one = zipped(("1.tif", TIFF), ("2.bin", held))
    parts = [("application/zip", f"scan{number}.zip", one) for number in range(3)]
    reason = await refused(station, attached(*parts).as_bytes())
    assert reason.startswith('The zip "scan2.zip" unpacks to more than any scan.')


async def test_many_zips_have_no_more_files_than_one(station):
    """Nor may they hold more files together than one may."""
    one = zipped(*((f"{number}.txt", b"x") for number in range(300)))
    parts = [("application/zip", f"scan{number}.zip", one) for number in range(2)]
    assert 'The zip "scan1.zip" holds more than 200 files' in await refused(station, attached(*parts).as_bytes())


WHOLE = zipped(("1.tif", b"II*\0" * 30), ("folder/2.tif", b"\0" * 500), ("3.tif", b""))


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(WHOLE)),
    st.binary(max_size=30),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_is_a_sentence_or_files(tmp_path_factory, changes, cut, junk):
    """Whatever is done to a zip, it gives files or a sentence for its sender, and writes nowhere else."""
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    folder = tmp_path_factory.mktemp("zip")
    source, into = folder / "source", folder / "into"
    into.mkdir()
    source.write_bytes(bytes(data[:cut]) + junk + bytes(data[cut:]))
    numbers = itertools.count()
    found, sentence = None, ""
    try:
        found = zipped_module.unpack(source, "a.zip", lambda: into / str(next(numbers)), zipped_module.Room())
    except ScanError as error:
        sentence = error.sentence
    assert sentence == "" or sentence.endswith(".")
    assert all(one.path.stat().st_size == one.size_bytes for one in found or ())
    assert {path.name for path in folder.iterdir()} == {"source", "into"}


def test_a_directory_that_claims_much_is_not_read(tmp_path):
    """A zip64, or a directory larger than that of 500 files, is refused before it costs memory."""
    locator = b"PK\x06\x07" + bytes(16)
    end = WHOLE.rindex(b"PK\x05\x06")
    for data in (WHOLE[:end] + locator + WHOLE[end:], WHOLE[: end + 12] + b"\xff\xff\xff\x7f" + WHOLE[end + 16 :]):
        source = tmp_path / "source"
        source.write_bytes(data)
        with pytest.raises(ScanError, match="holds more than 500 files"):
            zipped_module.unpack(source, "", lambda: tmp_path / "never", zipped_module.Room())
