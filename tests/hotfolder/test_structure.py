import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.structure import HEAD_BYTES, TAIL_BYTES, structure_of
from hotfolder.verdict import Incomplete, Malformed, Structure, UnknownType, Whole
from tests.hotfolder import samples

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
# Files of the corpus beside the checkout, when present, that are not whole, and why that is right.
CUT_SHORT = {
    "bmp-reallybig.bmp",  # claims more rows than there are
    "empty.tif",
    "jpg-no-eoi.jpg",  # cannot be told from one cut in its last bytes
    "jpg-truncated-half.jpg",
    "jpg-truncated.jpg",
    "pdf-ocr-invalid.pdf",  # an end mark and nothing before it
    "pdf-truncated-tail.pdf",
    "png-broken-stream.png",
    "tif-crash-fuzz-1.tif",
    "tif-crash-fuzz-2.tif",
    "tif-g4-truncated.tif",
    "tif-lzw-truncated.tif",
    "tif-seek-too-large.tif",
}
MALFORMED = {"pdf-bad-startxref.pdf", "pdf-scan-bad.pdf"}
UNKNOWN = {"INDEX.tsv", "pdf-not-pdf-html.pdf", "pdf-not-pdf-text.pdf", "ps-named.pdf"}


def judge(content: bytes) -> Structure:
    """Judge a file that is all in memory."""
    return structure_of(
        content[:HEAD_BYTES], content[-TAIL_BYTES:], len(content), lambda at, length: content[at : at + length]
    )


@pytest.mark.parametrize("kind", samples.ALL)
def test_a_finished_file_is_whole(kind: str):
    """No finished scan of any type is held back."""
    assert judge(samples.ALL[kind]) == Whole()


@pytest.mark.parametrize("kind", samples.ALL)
def test_a_file_cut_anywhere_is_incomplete(kind: str):
    """A client killed after any byte but the last line end leaves a file that is never taken for a finished one."""
    content = samples.ALL[kind]
    end = len(content.rstrip(b"\n")) if kind == "pdf" else len(content)
    taken = [length for length in range(1, end) if not isinstance(judge(content[:length]), Incomplete)]
    assert taken == []


@pytest.mark.parametrize(
    "junk", [b"\x1b%-12345X@PJL SET COPIES=1\r\n" * 200, bytes(5000)], ids=["printer language", "zeros"]
)
def test_a_pdf_behind_much_junk_is_judged_by_its_end(junk: bytes):
    """What a device sends before the PDF, however long, does not make a stranger of it: the converter drops that."""
    assert judge(junk + samples.pdf()) == Whole()
    assert judge(junk + samples.pdf()[:-8]) != Whole()


@pytest.mark.parametrize("kind", set(samples.ALL) - {"zip"})
def test_padding_with_zeros_is_allowed(kind: str):
    """A device that pads its files to a block is not held back."""
    assert judge(samples.ALL[kind] + bytes(60_000)) == Whole()


@pytest.mark.parametrize("kind", ["pdf", "jpeg", "png", "zip"])
def test_a_little_junk_after_the_end_is_allowed(kind: str):
    """Firmware leaves bytes behind the end mark; readers do not mind, and neither do we."""
    assert judge(samples.ALL[kind] + b"\r\n\x1b%-12345X@PJL EOJ\r\n") == Whole()


def test_junk_before_a_pdf_header_is_allowed():
    """A PDF whose header does not stand at the very beginning is still a PDF."""
    assert judge(b"\x1b%-12345X@PJL JOB\r\n" + samples.pdf()) == Whole()


def test_a_preview_in_a_jpeg_does_not_end_it():
    """The end mark of an embedded preview says nothing about the picture around it."""
    preview = b"Exif\0\0" + samples.image("JPEG")
    picture = samples.image("JPEG")
    content = picture[:2] + b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview + picture[2:]
    assert judge(content) == Whole()
    assert isinstance(judge(content[:-2]), Incomplete)
    assert isinstance(judge(content[: 2 + 4 + len(preview)]), Incomplete)


@pytest.mark.parametrize(
    "content", [b"hello, this is a letter", b"%!PS-Adobe-3.0\n", b"<html></html>", b"BMW and other cars " * 9]
)
def test_what_is_no_scan_is_unknown(content: bytes):
    """A file of another type is told as such, not waited for as if a piece were missing."""
    assert judge(content) == UnknownType()


@pytest.mark.parametrize("content", [b"", b"\0", bytes(5000), b"%PD", b"I", b"\xff\xd8"])
def test_too_little_to_tell_is_incomplete(content: bytes):
    """A file of which only zeros or the first bytes are there may still become anything."""
    assert isinstance(judge(content), Incomplete)


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus stands beside the checkout, when present; the samples above are here"
)
def test_the_corpus_is_judged_as_listed():
    """Of 104 real and broken files exactly those are held that are cut short or are no scans."""
    verdicts = {path.name: judge(path.read_bytes()) for path in CORPUS.iterdir()}
    assert {name for name, verdict in verdicts.items() if isinstance(verdict, Incomplete)} == CUT_SHORT
    assert {name for name, verdict in verdicts.items() if isinstance(verdict, Malformed)} == MALFORMED
    assert {name for name, verdict in verdicts.items() if isinstance(verdict, UnknownType)} == UNKNOWN


@settings(deadline=None)
@given(
    st.sampled_from([b"", *(content[:16] for content in samples.ALL.values()), *samples.ALL.values()]),
    st.binary(max_size=300),
    st.integers(0, 400),
)
def test_any_bytes_get_a_verdict(start: bytes, noise: bytes, at: int):
    """No file, however broken, can stop the watcher with an error."""
    content = start[:at] + noise + start[at + len(noise) :]
    assert isinstance(judge(content), Whole | Incomplete | Malformed | UnknownType)


def bmp(header_bytes: int, compression: int, image_bytes: int, length: int, claimed_bytes: int = 0) -> bytes:
    """A BMP of 8 x 4 pixels at 8 bits, whose pixels begin at 54."""
    info = struct.pack("<LllHHLL", header_bytes, 8, 4, 1, 8, compression, image_bytes)
    if header_bytes == 12:
        info = struct.pack("<LHHHH", header_bytes, 8, 4, 1, 8)
    head = b"BM" + struct.pack("<LLL", claimed_bytes, 0, 54) + info
    return head.ljust(54, b"\0") + b"\x07" * length


@pytest.mark.parametrize(
    ("content", "is_whole"),
    [
        (bmp(40, 0, 0, 32, claimed_bytes=9999), True),
        (bmp(40, 0, 0, 31), False),
        (bmp(12, 0, 0, 32), True),
        (bmp(12, 0, 0, 31), False),
        (bmp(40, 1, 20, 20), True),
        (bmp(40, 1, 20, 19), False),
        (bmp(40, 1, 0, 20, claimed_bytes=74), True),
        (bmp(40, 1, 0, 19, claimed_bytes=74), False),
    ],
)
def test_a_bmp_has_the_rows_it_says(content: bytes, is_whole: bool):  # noqa: FBT001  a table
    """Rows of known length are counted, whatever size the header claims; packed ones go by what it says."""
    assert isinstance(judge(content), Whole if is_whole else Incomplete)


def test_junk_between_jpeg_segments_is_passed_over():
    """Firmware that pads between segments does not hide the picture; one with nothing but junk has none."""
    picture = samples.image("JPEG")
    assert judge(picture[:2] + b"\xff" + picture[2:]) == Whole()
    assert judge(picture[:20] + b"\x00\x01\x02" + picture[20:]) == Whole()
    assert isinstance(judge(b"\xff\xd8\xff\xfe\x00\x02" + b"\x01" * 70_000), Incomplete)
    assert isinstance(judge(b"\xff\xd8\xff" + b"\xfe\x00\x02\xff" * 1500), Incomplete)


def test_a_gif_with_a_block_of_no_known_kind_is_malformed():
    """A GIF that goes astray is left to the converter, in time."""
    content = samples.image("GIF")
    assert isinstance(judge(content[:-1] + b"\x99" + content[-1:]), Malformed)


def test_a_zip_without_its_beginning_is_incomplete():
    """An end record that tells of more than there is in front of it proves a part is missing."""
    content = samples.packed()
    assert isinstance(judge(content[:30] + content[200:]), Incomplete)
