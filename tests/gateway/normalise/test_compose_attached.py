import email
import email.policy
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.normalise.attachment import Attachment, is_blocked, safe_type
from gateway.normalise.compose import compose, encoded_size_bytes
from gateway.normalise.wording import attachment_name
from tests.gateway.normalise.mails import PDF
from tests.gateway.normalise.test_compose import LETTER

FILES = st.lists(st.tuples(st.text(max_size=100), st.binary(max_size=300)), max_size=4)


@given(FILES, st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_goes_along_arrives_as_it_came(files, has_pdf):
    """Files of any name and size arrive byte for byte behind the PDF, or without one; the size is known to the byte."""
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "scan.pdf"
        pdf.write_bytes(PDF)
        attachments = []
        for number, (name, contents) in enumerate(files):
            path = Path(folder) / str(number)
            path.write_bytes(contents)
            attachments.append(Attachment(name, "text/csv", path, len(contents)))
        letter = replace(LETTER, pdf_name="scan.pdf" if has_pdf else "", attachments=tuple(attachments))
        data = b"".join(compose(letter, pdf if has_pdf else None))
    assert len(data) == encoded_size_bytes(len(PDF) if has_pdf else 0, letter)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    mail = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert mail.defects == []
    found = list(mail.iter_attachments())
    assert [one.get_payload(decode=True) for one in found] == [PDF] * has_pdf + [contents for _, contents in files]
    assert all(one.get_filename() for one in found)
    (text,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert text.get_content().split("\r\n")[0].startswith("1 page")


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("list.csv", b"a,b", False),
        ("note.docx", b"PK\3\4", False),
        ("README", b"text", False),
        ("setup.EXE", b"", True),
        ("invoice.pdf.js ", b"", True),
        ("page.html", b"<", True),
        ("x.exe.", b"", True),
        ("x.exe.txt", b"text", True),
        ("harmless.txt", b"MZ\x90", True),
        ("run", b"#!/bin/sh", True),
        ("packed.bin", b"MSCF\0", True),
        ("x.lnk", b"", True),
        ("sandbox.wsb", b"", True),
        ("x.exe|", b"", True),
        ("x.exe\u202e", b"", True),
    ],
)
def test_programs_never_go_along(name, head, expected):
    """What mail servers stop, by its name or by its bytes, is told from what they let through."""
    assert is_blocked(name, head) is expected


@given(st.text(st.sampled_from('a.e\u202ex|?"*<>: /\\_\u200d\x7f'), max_size=8), st.text(max_size=210))
@example("|", "a")
@example("." + "b" * 20 + ".txt", "a" * 196)
def test_no_name_becomes_that_of_a_program(end, stem):
    """A name that turns into a program's when it is made fit to be sent is stopped too."""
    name = f"{stem}.exe{end}"
    assert is_blocked(name, b"") or not attachment_name(name).lower().endswith(".exe")


def test_types_are_those_that_nothing_acts_upon():
    """A declared type is kept when it is harmless; anything else travels as octets."""
    assert [safe_type(kind) for kind in ("text/csv", "text/html", "message/rfc822", "x")] == [
        "text/csv",
        *["application/octet-stream"] * 3,
    ]
