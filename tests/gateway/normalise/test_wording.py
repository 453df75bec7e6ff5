"""Texts of any origin in headers and file names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address
from gateway.normalise.wording import clean, header_text, mailbox, parameter, pdf_name
from tests.gateway.normalise.test_compose import TEXTS


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("scan", "scan.pdf"),
        ("../../etc/passwd", "etc_passwd.pdf"),
        ("C:\\Users\\x", "C_Users_x.pdf"),
        ('a"b<c>|d?*', "a_b_c_d.pdf"),
        ("", "scan.pdf"),
        (" .. ", "scan.pdf"),
        ("\u202egpj.exe", "gpj.exe.pdf"),
        ("x" * 200, "x" * 80 + ".pdf"),
        ("Übersicht 日本", "Übersicht 日本.pdf"),
        ("a\udcffb", "a_b.pdf"),
    ],
)
def test_pdf_name(stem, name):
    """Any name a device gave becomes a plain file name that ends in .pdf."""
    assert pdf_name(stem) == name


@given(TEXTS)
def test_a_header_is_one_folded_line(text):
    """Text in a header is ASCII, and each line after the first begins with a blank."""
    lines = header_text(text).split("\r\n")
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])


@given(st.text(max_size=300), st.integers(1, 200))
def test_clean_is_short_and_printable(text, limit):
    """Clean text is one line without control characters, at most as long as asked for, and stays so when repeated."""
    found = clean(text, limit)
    assert len(found) <= limit
    assert found == clean(found, limit)
    assert "\n" not in found
    found.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("u\u0308ber", "über"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u2066b\u2069\ufeffc\u00add", "abcd"),
        ("👨\u200d👩\u200d👧 \u0645\u06cc\u200c\u062e", "👨\u200d👩\u200d👧 \u0645\u06cc\u200c\u062e"),
        ("a\tb\x00c\x85d\u2028e", "a b c d e"),
        ("a\uffffb\ufdd0c\ue000d", "a b c d"),
        ("new \U0001fae9", "new \U0001fae9"),
    ],
)
def test_what_is_not_seen_is_left_out(text, shown):
    """Names come in composed form, without what turns them round; joiners and emoji newer than Python stay."""
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("CON", "_CON.pdf"),
        ("nul.backup", "_nul.backup.pdf"),
        ("Com1", "_Com1.pdf"),
        ("lpt9.", "_lpt9.pdf"),
        ("Console", "Console.pdf"),
        ("com", "com.pdf"),
        ("com10", "com10.pdf"),
    ],
)
def test_no_file_is_called_as_a_device(stem, name):
    """What no file may be called on Windows gets a mark in front."""
    assert pdf_name(stem) == name


@given(TEXTS, st.sampled_from(["", " (1 of 3)", " (200 of 200)"]))
def test_any_name_can_be_saved(stem, end):
    """A file name has no character Windows refuses, ends in .pdf, keeps its number, and fits every file system."""
    name = pdf_name(stem, end)
    assert name.endswith(f"{end}.pdf")
    assert len(name) <= 85
    assert len(name.encode()) <= 205
    assert not set(name) & set('\\/:*?"<>|')
    assert name.strip(". ") == name
    assert unicodedata.is_normalized("NFC", name)


@given(TEXTS)
def test_lines_with_encoded_words_are_short(text):
    """A line with an encoded word has at most 76 characters with the header's name (RFC 2047 section 2)."""
    address = Address("a" * 60 + "@contoso.com")
    for written in (f"Subject: {header_text(text, 'Subject')}", f"From: {mailbox(text, address, 'From')}"):
        assert all(len(line) <= 76 or "=?" not in line for line in written.split("\r\n") if not clean(text).isascii())


def test_a_parameter_in_two_spellings():
    """Beyond ASCII a name is spelt by RFC 2231, and behind that for old readers."""
    assert parameter("filename", "ü.pdf") == "filename*=utf-8''%C3%BC.pdf;\r\n filename=\"u.pdf\""
    assert parameter("filename", "u.pdf") == 'filename="u.pdf"'
