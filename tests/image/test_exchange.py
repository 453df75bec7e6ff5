"""What service and worker process say to each other."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.document import Document, Limits, Page
from image.errors import ScanError, ScanFault
from image.exchange import Request, answer_from_json, answer_to_json, request_from_json, request_to_json
from image.recipe import Recipe, Signed

OUT = Path("/spool/out.pdf")


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & set(b"\x00/"))))
def test_a_request_arrives_as_sent(names: list[bytes]):
    """Whatever bytes file names have, the request arrives as it was sent."""
    request = Request(
        sources=tuple(Path(os.fsdecode(b"/spool/" + name)) for name in names),
        out=OUT,
        limits=Limits(pages=3),
        recipe=Recipe(colour="lossless", signed=Signed.REFUSE),
        made_at=datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC),
        memory_bytes=10**9,
        cpu_s=30,
        parent_pid=7,
    )
    assert request_from_json(request_to_json(request)) == request


def test_a_document_arrives_as_sent():
    """A document arrives with all it says."""
    document = Document(OUT, (Page(595.276, 841.89, "passed"), Page(3, 14400, "encoded")), 9, "ab", ("Note.",))
    assert answer_from_json(answer_to_json(document), OUT) == document


def test_refusals_and_troubles_arrive():
    """A refusal keeps kind and sentence, an OSError its number."""
    refusal = answer_from_json(answer_to_json(ScanError(ScanFault.DAMAGED, "Please scan again.")), OUT)
    assert isinstance(refusal, ScanError)
    assert (refusal.fault, refusal.sentence) == (ScanFault.DAMAGED, "Please scan again.")
    trouble = answer_from_json(answer_to_json(OSError(errno.ENOSPC, "No space left on device")), OUT)
    assert isinstance(trouble, OSError)
    assert trouble.errno == errno.ENOSPC


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"document": 1}', b'{"fault": "x"}', b"\xff"]
)
def test_half_an_answer_is_none(data: bytes):
    """What a dying process leaves in the pipe is not taken for an answer."""
    assert answer_from_json(data, OUT) is None


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    """Any bytes are an answer or none."""
    answer_from_json(data, OUT)
