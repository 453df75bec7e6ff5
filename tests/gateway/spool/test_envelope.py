import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Origin, Original, OriginKind, decode, encode
from gateway.spool.job import JobId
from tests.gateway.spool.given import envelope

NAMES = st.binary(min_size=1, max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape")).filter(
    lambda name: "/" not in name and "\0" not in name and name not in {".", ".."}
)  # fmt: skip
ADDRESSES = st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True).map(Address)
PLAIN = st.text(st.characters(codec="utf-8"), max_size=30)
ORIGINALS = st.builds(
    Original,
    stored=st.from_regex(r"[0-9]{4}", fullmatch=True),
    name=NAMES,
    size_bytes=st.integers(0, 10**12),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    folder=st.just("") | NAMES,
)
ENVELOPES = st.builds(
    Envelope,
    id=st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[a-z2-7]{4}", fullmatch=True).map(JobId),
    arrived_at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  the zone is added
    origin=st.builds(Origin, st.sampled_from(OriginKind), PLAIN, PLAIN),
    sender=st.none() | ADDRESSES,
    recipients=st.lists(ADDRESSES, min_size=1, max_size=5).map(tuple),
    originals=st.lists(ORIGINALS, max_size=3).map(tuple),
    message_id=PLAIN,
    rejected=PLAIN,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def written(**changed: Any) -> bytes:
    """The bytes of a right envelope with some of its fields put wrong."""
    return json.dumps({**json.loads(encode(envelope())), **changed}).encode() + b"\n"


@given(ENVELOPES)
def test_what_is_written_is_read(whole):
    """Every envelope reads back as it was written, file names that are no UTF-8 included."""
    assert decode(encode(whole)) == whole


@given(st.binary(max_size=300))
def test_any_bytes_are_an_envelope_or_corrupt(data):
    """No bytes, whatever they are, end in another error than the one that quarantines the job."""
    try:
        found: Envelope | CorruptEnvelopeError = decode(data)
    except CorruptEnvelopeError as error:
        found = error
    assert isinstance(found, Envelope) or str(found).startswith("envelope.json ")


@given(st.sampled_from(sorted(json.loads(encode(envelope())))), JSON)
def test_any_value_in_any_field_is_an_envelope_or_corrupt(field, value):
    """A field that holds something else is refused by name, or harmless."""
    data = json.dumps({**json.loads(encode(envelope())), field: value}).encode() + b"\n"
    try:
        decoded = decode(data)
    except CorruptEnvelopeError:
        return
    assert_harmless(decoded)


@given(st.sampled_from(["stored", "name", "size_bytes", "sha256", "folder", "more"]), JSON)
def test_any_value_in_an_original_is_an_envelope_or_corrupt(field, value):
    """The same for what is said of a file: it never leads out of the job's directory."""
    original = {**json.loads(encode(envelope()))["originals"][0], field: value}
    try:
        decoded = decode(written(originals=[original]))
    except CorruptEnvelopeError:
        return
    assert_harmless(decoded)


def assert_harmless(decoded: Envelope) -> None:
    """What decodes can be acted upon: files within the directory, texts that journal and file system take."""
    for original in decoded.originals:
        for name in (original.stored, original.name, *([original.folder] if original.folder else [])):
            assert "/" not in name
            assert "\0" not in name
            assert name not in {"", ".", ".."}
            name.encode("utf-8", "surrogateescape")
        assert original.size_bytes >= 0
    for text in (decoded.rejected, decoded.message_id, decoded.origin.name, decoded.origin.client, decoded.title):
        text.encode()
    assert decoded.recipients


def test_an_envelope_from_before_sub_folders_is_read():
    """What an older scangate wrote is read as it was meant, and what does not need a new field is written as it did."""
    fields = json.loads(encode(envelope()))
    assert set(fields["originals"][0]) == {"stored", "name", "size_bytes", "sha256"}
    assert decode(written()).originals[0].folder == ""


def test_no_truncated_envelope_decodes():
    """An envelope cut short anywhere, its last byte included, is refused."""
    data = encode(envelope())
    for length in range(len(data)):
        with pytest.raises(CorruptEnvelopeError):
            decode(data[:length])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"format": 2}, "newer"),
        ({"id": "../../etc"}, "id"),
        ({"recipients": []}, "recipient"),
        ({"recipients": ["office@contoso.com\nBcc: a@b.c"]}, "recipient"),
        ({"recipients": ["nobody"]}, "recipient"),
        ({"sender": "nobody"}, "sender"),
        ({"arrived_at": "2026-11-23T09:02:57"}, "zone"),
        ({"rejected": "\ud800"}, "text"),
        ({"originals": [{"stored": "../x", "name": "x", "size_bytes": 1, "sha256": ""}]}, "file"),
        ({"originals": [{"stored": "a\0b", "name": "x", "size_bytes": 1, "sha256": ""}]}, "file"),
        ({"originals": [{"stored": "\ud800", "name": "x", "size_bytes": 1, "sha256": ""}]}, "file"),
        ({"originals": [{"stored": "0001", "name": "../x", "size_bytes": 1, "sha256": ""}]}, "file"),
        ({"originals": [{"stored": "0001", "name": "x", "size_bytes": 1, "sha256": "", "folder": ".."}]}, "file"),
        ({"originals": [{"stored": "0001", "name": "x", "size_bytes": 1, "sha256": "", "folder": None}]}, "file"),
        ({"originals": [{"stored": "0001", "name": "x", "size_bytes": -1, "sha256": ""}]}, "file"),
        ({"originals": [{"stored": "0001", "name": "x", "size_bytes": True, "sha256": ""}]}, "file"),
    ],
)
def test_what_leads_astray_is_refused(changed, sentence):
    """An envelope that would lead to another directory, person or age is refused, and says what is wrong."""
    with pytest.raises(CorruptEnvelopeError, match=sentence):
        decode(written(**changed))


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({}, "scan.pdf"),
        ({"origin": Origin(OriginKind.SMTP, "smtp")}, ""),
        ({"origin": Origin(OriginKind.NOTICE, "20261123T090257Z-k7q2")}, "notice about 20261123T090257Z-k7q2"),
        ({"originals": (Original("0001", "a\udcffb\n\u202e.pdf", 1, ""),)}, "a?b??.pdf"),
        ({"originals": tuple(Original(f"000{n}", "x" * 50, 1, "") for n in range(3))}, "x" * 50 + ", " + "x" * 28),
    ],
)
def test_title(changed, title):
    """The title is one printable line of at most 80 characters, whatever bytes the file names are."""
    assert envelope(**changed).title == title


def test_origin_reads_as_in_lists():
    """The origin shows as door and name."""
    assert str(Origin(OriginKind.SHARE, "scans")) == "share/scans"
