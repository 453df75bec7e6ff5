"""A mail's parts, found while it streams by."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deliver.mime import Edge, Head, StrangeError, pieces

WORDS = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"--",
        b"--a",
        b"--a--",
        b"--b",
        b"--b--",
        b"a",
        b" ",
        b"\t",
        b"\xff",
        b"QUJD",
    ),
    *(b"Content-Type: multipart/mixed; boundary=a\r\n", b'content-type: multipart/x;\r\n boundary="b"\r\n'),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: 7bit\r\n", b"X: y\r\n"),
]
MAILS = st.lists(st.sampled_from(WORDS), max_size=40).map(b"".join) | st.binary(max_size=200)
CUTS = st.lists(st.integers(0, 400), max_size=8)


def cut(mail: bytes, cuts: list[int]) -> Iterator[bytes]:
    """A mail in blocks."""
    edges = [0, *sorted(min(one, len(mail)) for one in cuts), len(mail)]
    return iter([mail[a:b] for a, b in pairwise(edges)])


def joined(found: list[Head | Edge | bytes]) -> bytes:
    """What pieces were made of."""
    raw: list[bytes] = []
    for piece in found:
        match piece:
            case Head(fields=fields):
                raw += fields
            case Edge(edge):
                raw.append(edge)
            case bytes():
                raw.append(piece)
    return b"".join(raw)


def found_in(mail: bytes, cuts: list[int]) -> list[Head | Edge | bytes] | None:
    """The pieces of a mail, bytes between joined; None when it is strange."""
    try:
        found = list(pieces(cut(mail, cuts)))
    except StrangeError:
        return None
    whole: list[Head | Edge | bytes] = []
    for piece in found:
        if isinstance(piece, bytes) and whole and isinstance(whole[-1], bytes):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


NESTED = (
    b'Content-Type: multipart/mixed;\r\n boundary="a"\r\n\r\npreamble\r\n--a\r\n'
    b"Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n--a \r\n"
    b"Content-Transfer-Encoding: BASE64\r\n\r\nQUJD\r\n--ab\r\n--a--\r\nepilogue"
)


@given(MAILS, CUTS)
@example(NESTED, [1, 60, 90, 130])
@example(b"\r\n--", [2])
@example(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a--", [])
def test_no_byte_is_lost_however_the_blocks_are_cut(mail: bytes, cuts: list[int]):
    """Whatever comes, its pieces joined are its bytes, and the blocks it came in make no difference."""
    found = found_in(mail, cuts)
    assert found == found_in(mail, [])
    assert found is None or joined(found) == mail


def test_the_parts_of_a_nested_mail():
    """Parts, delimiters with blanks behind them, and the multiparts around each are found; a longer name is no edge."""
    found = found_in(NESTED, [])
    assert found is not None
    heads = [piece for piece in found if isinstance(piece, Head)]
    assert [(head.number, head.within, head.encoding, head.boundary) for head in heads] == [
        (0, (), "7bit", b"a"),
        (1, (0,), "7bit", b"b"),
        (2, (0, 1), "7bit", None),
        (3, (0,), "base64", None),
    ]
    assert [piece.raw for piece in found if isinstance(piece, Edge)] == [
        *(b"\r\n--a\r\n", b"\r\n--b\r\n", b"\r\n--b--", b"\r\n--a \r\n", b"\r\n--a--")
    ]
    assert b"\r\nQUJD\r\n--ab" in found


@pytest.mark.parametrize(
    "mail",
    [
        b"Subject: no end\r\n",
        b"no header\r\n\r\n",
        b" begins folded: x\r\n\r\n",
        b"Subject: a\nb\r\n\r\n",
        b"Subject: \xc3\xa4\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\nContent-Type: text/plain\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        b"X: " + b"y" * (1 << 18) + b"\r\n\r\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(20)) + b"\r\n",
    ],
)
def test_what_is_not_clear_is_strange(mail: bytes):
    """A mail whose structure could be read in two ways, or has no end, is not taken apart."""
    assert found_in(mail, []) is None
    assert found_in(mail, list(range(0, 400, 50))) is None


def test_little_is_held():
    """A body goes on as it comes: after each block all but a few bytes of it are out."""
    given_bytes = 0

    def blocks() -> Iterator[bytes]:
        nonlocal given_bytes
        for block in (b"X: y\r\n\r\n", *[b"z" * 1000] * 50):
            given_bytes += len(block)
            yield block

    taken_bytes = 0
    for piece in pieces(blocks()):
        taken_bytes += len(piece) if isinstance(piece, bytes) else 0
        assert given_bytes - taken_bytes < 1100
