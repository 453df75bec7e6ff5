import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.structure_pdf import pdf_structure
from hotfolder.verdict import Incomplete, Malformed, Structure, Whole
from tests.hotfolder.samples import pdf


def judge(content: bytes) -> Structure:
    """Judge a file that is all in memory."""
    return pdf_structure(content[:2048], content, len(content))


ONE_MORE_PAGE = b"12 0 obj\n<< /Length 9000 >>\nstream\n" + b"\x33" * 3000


@pytest.mark.parametrize("length", [*range(1, 10), 200, len(ONE_MORE_PAGE)])
def test_a_page_being_appended_is_not_finished(length: int):
    """The end mark of the pages before does not end a file to which a device is adding one more."""
    content = pdf() + ONE_MORE_PAGE[:length]
    assert isinstance(judge(content), Incomplete)


def test_an_appended_page_ends_with_its_own_end_mark():
    """Once the appended page is there, the file is whole again."""
    assert (
        judge(pdf() + ONE_MORE_PAGE + b"\nendstream\nendobj\nxref\n0 0\ntrailer\n<<>>\nstartxref\n90\n%%EOF") == Whole()
    )


def test_the_first_part_of_a_linearised_pdf_is_not_finished():
    """The early end mark of a linearised file has the offset 0 and ends nothing."""
    first = b"%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 90000 >>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n0\n%%EOF\n"
    assert isinstance(judge(first), Incomplete)


@pytest.mark.parametrize("start", [b"startxref\n99999999\n", b"startxref\n0\n", b"startxref\nnone\n"])
def test_a_wrong_offset_is_malformed_and_not_cut_short(start: bytes):
    """A file that is complete and merely wrong is left to the converter, which may mend it."""
    content = pdf()
    assert isinstance(judge(content[: content.rindex(b"startxref")] + start + b"%%EOF\n"), Malformed)


def test_an_end_mark_alone_is_no_end():
    """An embedded PostScript drawing has end marks of its own, without an offset before them."""
    assert isinstance(judge(b"%PDF-1.4\n1 0 obj\nstream\n%%EOF\n"), Incomplete)


def test_the_last_chunk_of_a_web_body_is_junk():
    """A zero behind the end mark is no object, for none has that number."""
    assert judge(pdf() + b"0\r\n\r\n") == Whole()


def test_much_junk_is_malformed():
    """Two thousand bytes of something behind the end mark may be a page in a form we do not know: it is given time."""
    assert isinstance(judge(pdf() + b"\xfe" * 3000), Malformed)


@given(
    st.lists(
        st.sampled_from(
            [b"startxref", b"\n", b"%%EOF", b"0", b"7", b"99", b" obj", b"xref", b"\0", b"/Linearized", b"x"]
        )
    )
)
def test_any_tail_gets_a_verdict(parts: list[bytes]):
    """No order of a PDF's words stops the judge."""
    assert isinstance(judge(b"%PDF-1.7\n" + b"".join(parts)), Whole | Incomplete | Malformed)
