import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.arrive.data import DataDecoder
from gateway.arrive.data_lf import TAIL_BYTES, BareLfDecoder, ends_in_bare_lf

Decoder = DataDecoder | BareLfDecoder
Reference = Callable[[bytes], tuple[bytes, bytes] | None]

PIECES = [
    b"\r",
    b"\n",
    b".",
    b"\r\n",
    b"..",
    b"\r\n.",
    b"\r\n.\r",
    b"\n.\n",
    b"\n.\r\n",
    b"\r\r\n",
    b"\r.\r",
    b"a",
    b"\0",
]
STREAMS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=30).map(b"".join)
CUTS = 300_000


def strictly(stream: bytes) -> tuple[bytes, bytes] | None:
    """The message in a stream and what follows it, as RFC 5321 section 4.5.2 says, in one piece; None without end."""
    whole = b"\r\n" + stream
    end = re.search(rb"\r\n\.\r\n", whole)
    if end is None:
        return None
    lines = whole[2 : end.start() + 2].split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines), whole[end.end() :]


def leniently(stream: bytes) -> tuple[bytes, bytes] | None:
    """The same where a line ends with LF: the first line of a lone dot, CR or not, is the end."""
    message, rest = b"", stream
    while rest:
        line, lf, rest = rest.partition(b"\n")
        if not lf:
            return None
        if line.removesuffix(b"\r") == b".":
            return message, rest
        message += line.removeprefix(b".") + lf
    return None


def fed(decoder: Decoder, blocks: list[bytes]) -> tuple[bytes, bytes | None]:
    """The message as it is released block by block, and all that follows its end; None before the end."""
    message = b""
    for number, block in enumerate(blocks):
        text, rest = decoder.feed(block)
        message += text
        if decoder.is_ended:
            return message, rest + b"".join(blocks[number + 1 :])
        assert rest == b""
    return message, None


@given(STREAMS, st.lists(st.integers(0, 60), max_size=12))
@example(b".\n", [])
@example(b"..\n.\n", [1, 2, 3, 4])
@example(b"a\n.\r.\n.\n", [4])
def test_any_cut_gives_what_the_whole_gives(stream, cuts):
    """Case 32: however a stream is cut, the message, its end and what follows are those of a plain reading by lines."""
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    message, rest = fed(BareLfDecoder(), [stream[start:end] for start, end in pairwise(ends)])
    expected = leniently(stream)
    if expected is None:
        assert rest is None
        ended = leniently(stream + b"\n.\n")
        assert ended is not None
        assert ended[0].startswith(message)
    else:
        assert (message, rest) == expected


@pytest.mark.parametrize(("make", "reference"), [(DataDecoder, strictly), (BareLfDecoder, leniently)])
def test_random_streams_at_random_cuts(make: Callable[[], Decoder], reference: Reference):
    """Case 32: 300,000 random streams, rich in dots and line ends, at random cuts: nothing lost, added or cut short."""
    chance = random.Random(20261125)
    for _ in range(CUTS):
        stream = b"".join(chance.choices(PIECES, k=chance.randrange(14)))
        ends = sorted({chance.randrange(len(stream) + 1) for _ in range(chance.randrange(5))} | {0, len(stream)})
        message, rest = fed(make(), [stream[start:end] for start, end in pairwise(ends)])
        expected = reference(stream)
        if expected is not None:
            assert (message, rest) == expected, stream
        else:
            ended = reference(stream + b"\r\n.\r\n")
            assert rest is None, stream
            assert ended is not None, stream
            assert ended[0].startswith(message), stream


@given(st.lists(st.binary(min_size=1, max_size=4000), max_size=20))
def test_memory_is_constant(blocks):
    """Between two blocks never more than three bytes are held back."""
    decoder = BareLfDecoder()
    for block in blocks:
        if decoder.is_ended:
            return
        decoder.feed(block)
        assert len(decoder._carry) <= 3


def test_the_end_is_the_end():
    """Nothing can be fed behind the end."""
    decoder = BareLfDecoder()
    assert decoder.feed(b".\nQUIT\r\n") == (b"", b"QUIT\r\n")
    with pytest.raises(ValueError, match="ended"):
        decoder.feed(b"more")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n"])
def test_a_bare_end_is_recognised(end):
    """Whatever a device that writes no CR ends its message with is recognised by its last bytes."""
    assert ends_in_bare_lf((b"text" + end)[-TAIL_BYTES:])


@pytest.mark.parametrize("text", [b"", b"half a message", b"a\n.", b"a.\n", b"a\n..\n", b"\r.\r", b"\n.\nmore"])
def test_anything_else_is_no_bare_end(text):
    """A message cut short in its midst is not taken for one that ended so."""
    assert not ends_in_bare_lf(text[-TAIL_BYTES:])
