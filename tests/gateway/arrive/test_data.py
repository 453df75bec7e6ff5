import random
import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.arrive.data import DataDecoder

# Rich in what matters: line ends, dots, and their halves.
STREAMS = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b".", b"\r\n", b"..", b"\r\n.", b"\r\n.\r", b"\n.\n", b"\r.\r", b"a", b"MAIL", b"\0"]
    )
    | st.binary(max_size=3),
    max_size=30,
).map(b"".join)


def reference(stream: bytes) -> tuple[bytes, bytes] | None:
    """The message in a stream and what follows it, as RFC 5321 section 4.5.2 says, in one piece; None without end."""
    whole = b"\r\n" + stream
    end = re.search(rb"\r\n\.\r\n", whole)
    if end is None:
        return None
    lines = whole[2 : end.start() + 2].split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines), whole[end.end() :]


def fed(blocks: list[bytes]) -> tuple[bytes, bytes | None]:
    """The message as it is released block by block, and what the last block held behind its end."""
    decoder, message = DataDecoder(), b""
    for number, block in enumerate(blocks):
        text, rest = decoder.feed(block)
        message += text
        if decoder.is_ended:
            return message, rest + b"".join(blocks[number + 1 :])
        assert rest == b""
    return message, None


@given(STREAMS, st.lists(st.integers(0, 60), max_size=12))
@example(b".\r\n", [])
@example(b"..\r\n.\r\n", [1, 2, 3, 4, 5])
def test_any_cut_gives_what_the_whole_gives(stream, cuts):
    """However a stream is cut into blocks, the message, its end and what follows are those of the whole stream."""
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    blocks = [stream[start:end] for start, end in pairwise(ends)]
    message, rest = fed(blocks)
    expected = reference(stream)
    if expected is None:
        assert rest is None
        ended = reference(stream + b"\r\n.\r\n")
        assert ended is not None
        assert ended[0].startswith(message)
    else:
        assert (message, rest) == expected


# What can be at an edge: every beginning of an end, of a dot to remove, and of what only looks like one.
PIECES = (b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n..", b"\r\n.\r", b"\r\r\n", b"\r\n\r\n.", b"a", b"abc", b"\n.\n")


@pytest.mark.parametrize("seed", range(8))
def test_any_of_many_cuts_gives_what_the_whole_gives(seed):
    """Case 32: 200,000 streams of mixed line ends and dot lines, each cut anywhere, also within what is pipelined."""
    chance = random.Random(seed)
    ended = 0
    for _ in range(25_000):
        stream = b"".join(chance.choices(PIECES, k=chance.randrange(12)))
        if chance.random() < 0.7:
            stream += b"\r\n.\r\n" + b"".join(chance.choices((b"MAIL FROM:<>\r\n", b"QUIT\r\n", b"\r\n.\r\n"), k=2))
        ends = sorted({0, len(stream), *(chance.randint(0, len(stream)) for _ in range(chance.randrange(6)))})
        blocks = [stream[start:end] for start, end in pairwise(ends)]
        expected = reference(stream)
        message, rest = fed(blocks)
        if expected is None:
            assert rest is None, blocks
        else:
            ended += 1
            assert (message, rest) == expected, blocks
    assert 12_000 < ended < 25_000


@pytest.mark.parametrize(
    "text", [b"a\r\n.\r\nQUIT\r\n", b".\r\n.\r\n", b"..\r\n...\r\n.\r\n.\r\n", b"\r\r\n..\r\n\r\n.\r\n"]
)
def test_every_edge_of_a_block(text):
    """The same for every way to cut a short stream into three, behind what fills a block up to its edge."""
    for filling in (b"", b"x" * 4094 + b"\r\n", b"x" * 4095 + b"\r"):
        stream = filling + text
        expected = reference(stream)
        for first in range(len(stream) - len(text), len(stream) + 1):
            for second in range(first, len(stream) + 1):
                blocks = [stream[:first], stream[first:second], stream[second:]]
                assert fed(blocks) == expected, (first, second)


@given(STREAMS, st.binary(max_size=20))
def test_a_message_comes_through_whole(message, after):
    """What a device sends as RFC 5321 demands, dots doubled, arrives byte for byte; what follows is untouched."""
    text = message + b"\r\n"
    sent = re.sub(rb"(?:^|(?<=\r\n))\.", b"..", text) + b".\r\n" + after
    assert fed([bytes([byte]) for byte in sent]) == (text, after)


@pytest.mark.parametrize(
    "false_end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\n.\r",
        b"\r\r\n.\r\r\n",
    ],
)
def test_nothing_but_the_true_end_ends(false_end):
    """A line end that is not CRLF on both sides of the dot is content: no second mail is smuggled behind it."""
    smuggled = b"MAIL FROM:<evil@contoso.com>\r\n"
    message, rest = fed([b"text" + false_end + smuggled + b"\r\n.\r\nQUIT\r\n"])
    assert smuggled in message
    assert rest == b"QUIT\r\n"


@given(st.lists(st.binary(min_size=1, max_size=4000), max_size=20))
def test_memory_is_constant(blocks):
    """Between two blocks never more than four bytes are held back."""
    decoder = DataDecoder()
    for block in blocks:
        decoder.feed(block)
        assert len(decoder._carry) <= 4
        if decoder.is_ended:
            return


def test_the_end_is_the_end():
    """Nothing can be fed behind the end."""
    decoder = DataDecoder()
    assert decoder.feed(b".\r\nQUIT\r\n") == (b"", b"QUIT\r\n")
    with pytest.raises(ValueError, match="ended"):
        decoder.feed(b"more")
