from hypothesis import given
from hypothesis import strategies as st

from hotfolder.texts import is_note, note_mark, notepad

SHA256 = "0f" * 32


def test_the_text_is_what_an_old_notepad_reads():
    """A byte order mark first, every line ended by CRLF once, bytes that are no text replaced."""
    assert notepad("ä\r\nb\n") == b"\xef\xbb\xbf\xc3\xa4\r\nb\r\n"
    assert notepad("caf\udce9\n", is_start=False) == b"caf?\r\n"


@given(st.text())
def test_our_notes_are_known_by_their_end(text: str):
    """Whatever the sentence says, a note of ours ends in its mark, and a text without one is not ours."""
    assert is_note(notepad(f"{text}\n{note_mark('20261123T090257Z-k7q2', SHA256)}")[-200:])
    assert not is_note(notepad(text.replace("SHA", "")))


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(tail: bytes):
    """No bytes that a person leaves there are too strange to judge."""
    assert is_note(tail) in {True, False}
