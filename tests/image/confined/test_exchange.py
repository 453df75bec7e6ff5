"""What service and worker process say to each other."""

import errno
import json
import os
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.confined.exchange import (
    End,
    Request,
    Task,
    Usage,
    answer_from_json,
    answer_to_json,
    end_from_json,
    end_to_json,
    progress_from_json,
    progress_to_json,
    request_from_json,
    request_to_json,
)
from image.document import Document, Limits, Page, Part
from image.errors import ScanError, ScanFault
from image.fit.budget import Budget, Fit, Step
from image.recipe import Recipe, Signed

OUT = Path("/spool/out.pdf")


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & set(b"\x00/"))))
def test_a_request_arrives_as_sent(names: list[bytes]):
    """Whatever bytes file names have, the request arrives as it was sent."""
    request = Request(
        task=Task.CONVERT,
        sources=tuple(Path(os.fsdecode(b"/spool/" + name)) for name in names),
        out=OUT,
        limits=Limits(pages=3),
        recipe=Recipe(colour="lossless", signed=Signed.REFUSE),
        made_at=datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC),
        memory_bytes=10**9,
        cpu_s=30,
        budget=Budget(9, (Fit.SPLIT,), grey=(Step(200, 70),), max_parts=3),
        is_watched=True,
    )
    assert request_from_json(request_to_json(request)) == request


TEXT = st.text(max_size=20)
KEYS = sorted({field.name for record in (Document, Page, Part) for field in fields(record)})
POINTS = st.floats(3, 14400)
PAGES = st.builds(Page, POINTS, POINTS, TEXT, TEXT)
PARTS = st.builds(
    Part, st.integers(0, 99).map(lambda number: OUT.with_name(f"out.pdf.part{number}")), *[st.integers(0)] * 3
)
DOCUMENTS = st.builds(
    Document,
    st.just(OUT),
    st.lists(PAGES).map(tuple),
    st.integers(0),
    st.lists(TEXT).map(tuple),
    TEXT,
    st.lists(PARTS).map(tuple),
)


@given(DOCUMENTS)
def test_a_document_arrives_as_sent(document: Document):
    """A document arrives with all it says, on one line."""
    said = answer_to_json(document)
    assert b"\n" not in said
    assert answer_from_json(said, OUT) == document


@given(st.integers(0), st.integers(0))
def test_progress_arrives(done: int, more: int):
    """Progress arrives as a line; it is no answer, and an answer is no progress."""
    line = progress_to_json(done, done + more)
    assert line.endswith(b"\n")
    assert progress_from_json(line) == (done, done + more)
    assert answer_from_json(line, OUT) is None


@pytest.mark.parametrize(
    "line", [b"", b"[1]", b"[2,1]", b"[-1,1]", b"[0.5,1]", b'["1","2"]', b"{}", b"7", b"[" * 99999]
)
def test_no_progress(line: bytes):
    """Whatever else a child says is no progress."""
    assert progress_from_json(line) is None


def test_an_end_arrives():
    """How a child ended arrives, with what it took."""
    end = End(-9, Usage(27_000_000, 0.25))
    assert end_from_json(end_to_json(end)) == end


@pytest.mark.parametrize(
    "change",
    [
        {"size_bytes": "9"},
        {"notes": [7]},
        {"notes": None},
        {"pages": [{"width_pt": "x", "height_pt": 1, "action": "passed", "flaw": ""}]},
        {"pages": [{"width_pt": "1", "height_pt": 1, "action": "passed", "flaw": ""}]},
        {"pages": [{"width_pt": 1}]},
        {"pages": [{"width_pt": 1, "height_pt": 1, "action": [], "flaw": ""}]},
        {"parts": [{"path": "../key", "first_page": 1, "page_count": 1, "size_bytes": 1}]},
        {"parts": [{"path": "key", "first_page": 1, "page_count": 1, "size_bytes": 1}]},
        {"parts": [{"path": "out.pdf/../../x", "first_page": 1, "page_count": 1, "size_bytes": 1}]},
        {"more": 1},
    ],
)
def test_an_answer_of_wrong_types_is_none(change: dict[str, object]):
    """A child that was taken over cannot name files of others, nor bring in values that break the service later."""
    said = json.loads(answer_to_json(Document(OUT, (Page(1, 1, "passed"),), 9)))
    said["document"].update(change)
    assert answer_from_json(json.dumps(said).encode(), OUT) is None


def test_refusals_and_troubles_arrive():
    """A refusal keeps kind and sentence, an OSError its number and the file it is about, in one line of text."""
    refusal = answer_from_json(answer_to_json(ScanError(ScanFault.DAMAGED, "Please scan again.")), OUT)
    assert isinstance(refusal, ScanError)
    assert (refusal.fault, refusal.sentence) == (ScanFault.DAMAGED, "Please scan again.")
    trouble = answer_from_json(answer_to_json(OSError(errno.ENOSPC, "No space left on device")), OUT)
    assert isinstance(trouble, OSError)
    assert trouble.errno == errno.ENOSPC
    assert trouble.strerror == "No space left on device"
    named = answer_from_json(answer_to_json(OSError(errno.EACCES, "Permission denied", "/usr/a\udcff\n")), OUT)
    assert isinstance(named, OSError)
    assert (named.errno, named.strerror) == (errno.EACCES, r"Permission denied: '/usr/a\udcff\n'")
    unnumbered = answer_from_json(answer_to_json(OSError("no reason")), OUT)
    assert isinstance(unnumbered, OSError)
    assert "no reason" in str(unnumbered)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"document": 1}', b'{"fault": "x"}', b"\xff", b"[" * 99999]
)
def test_half_an_answer_is_none(data: bytes):
    """What a dying process leaves in the pipe is not taken for an answer."""
    assert answer_from_json(data, OUT) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=9),
)


@given(st.fixed_dictionaries({}, optional={"document": JSON, "fault": JSON, "sentence": JSON, "errno": JSON}))
def test_any_json(said: dict[str, object]):
    """Any JSON is an answer or none."""
    answer_from_json(json.dumps(said).encode(), OUT)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    """Any bytes are an answer or none."""
    answer_from_json(data, OUT)
