import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.commands import Command, Path, command_of, declared_size, path_of


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"QUIT\r\n", Command("QUIT", "")),
        (b"quit now, please\r\n", Command("QUIT", "now, please")),
        (b"  Mail   FROM:<a@b>  \n", Command("MAIL", "FROM:<a@b>")),
        (b"HELO\tprinter\r\n", Command("HELO", "printer")),
        (b"HELO printer\0\r\n", Command("HELO", "printer")),
        (b"EHLO B\xfcro\r\n", Command("EHLO", "B\udcfcro")),
        (b"\r\n", Command("", "")),
        (b" \t \r\n", Command("", "")),
        (b"\0\0\n", Command("", "")),
        (b"\xff\xfe\r\n", Command("\udcff\udcfe", "")),
    ],
)
def test_a_line_is_read_as_a_command(line, command):
    """Any case, spaces, NULs, LF alone and 8-bit: the verb is found, and a blank line is none."""
    assert command_of(line) == command


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        ("FROM:<a@b.example>", Path("a@b.example", ())),
        ("from: <a@b.example>", Path("a@b.example", ())),
        ("FROM :<a@b.example>", Path("a@b.example", ())),
        ("FROM <a@b.example>", Path("a@b.example", ())),
        ("FROM:a@b.example", Path("a@b.example", ())),
        ("FROM: a@b.example SIZE=5", Path("a@b.example", ("SIZE=5",))),
        ("FROM:<a@b.example", Path("a@b.example", ())),
        ("FROM:< a@b.example >", Path("a@b.example", ())),
        ("FROM:Scanner <a@b.example>", Path("a@b.example", ())),
        ('FROM:"Scan, <first> floor" <a@b.example> SIZE=5', Path("a@b.example", ("SIZE=5",))),
        ('FROM:<"odd > name"@b.example>', Path('"odd > name"@b.example', ())),
        ("FROM:<@x.example,@y.example:a@b.example>", Path("a@b.example", ())),
        ("FROM:<>", Path("", ())),
        ("FROM:", Path("", ())),
        ("FROM:<a@b> AUTH=<> RET=HDRS ENVID=x@y", Path("a@b", ("AUTH=<>", "RET=HDRS", "ENVID=x@y"))),
        ("FROM:printer", Path("printer", ())),
        ("TO:<a@b>", None),
        ("", None),
    ],
)
def test_a_sender_is_understood(argument, path):
    """However firmware writes MAIL FROM, the address and the parameters are what was meant."""
    assert path_of(argument, "FROM") == path


@pytest.mark.parametrize(
    "argument",
    [
        "TO:<a@b>,<c@d>",
        "TO:<a@b><c@d>",
        "TO:<a@b> <c@d>",
        "TO:a@b,c@d",
        "TO:a@b;c@d",
        "TO:<a@b,c@d>",
        "TO:a@b c@d",
        "TO:<a@b> c@d",
    ],
)
def test_two_recipients_are_never_taken_for_one(argument):
    """A command that names several is refused: taking the first would lose the others without a word."""
    assert path_of(argument, "TO") is None


@given(st.binary(max_size=200))
def test_any_line_is_read(line):
    """No bytes are too odd to be read, and nothing is made up: what is named stands in the line."""
    command = command_of(line)
    for keyword in ("FROM", "TO"):
        path = path_of(command.argument, keyword)
        assert path is None or path.address in command.argument
    assert "\0" not in command.verb + command.argument


@given(st.text(st.sampled_from('<>"\\@,;: \tabTOFRM='), max_size=60))
def test_any_path_is_read(text):
    """Nor is any nesting of brackets and quotes; an address that is found has no more than one @ outside of quotes."""
    path = path_of("TO:" + text, "TO")
    assert path is None or '"' in path.address or path.address.count("@") <= 1


@pytest.mark.parametrize(
    ("parameters", "size"),
    [((), 0), (("SIZE=12",), 12), (("BODY=7BIT", "size=7"), 7), (("SIZE=",), 0), (("SIZE=-1",), 0), (("SIZE=1e9",), 0)],
)
def test_the_declared_size_is_read(parameters, size):
    """The size that MAIL declares, or 0 when it is none."""
    assert declared_size(parameters) == size
