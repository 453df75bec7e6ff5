from collections.abc import Iterator
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.lines import KeyPath, locate
from tests.conf.toml_texts import documents


def paths(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every key, table and item a parser has made."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in entries:
        yield (*at, name)
        yield from paths(inner, (*at, name))


@settings(max_examples=400, deadline=None)
@given(documents())
def test_everything_a_parser_makes_is_where_it_was_written(document):
    """For any document in any style, each key, table and item has a line, the one it was written on, and no more."""
    source, expected = document
    assert set(expected) == set(paths(tomli.loads(source)))
    assert locate(source) == expected


@settings(max_examples=400)
@given(st.text(st.sampled_from("[[]]{}=.,\"\"''\n\n  #ab1\\-")) | st.text())
def test_any_text_has_some_mapping(source):
    """No text makes it raise; and of a text a parser accepts every key is located."""
    located = locate(source)
    try:
        parsed = tomli.loads(source)
    except tomli.TOMLDecodeError:
        return
    assert set(paths(parsed)) <= set(located)


TRICKY = '''\
# name = "in a comment"
title = "x = 1 # [y]"
a . "b.c" . 'd' = 1

list = [ 1, # ]
  [2,
   3], "]",
]
inline = { x = 1, # }
  y.z = [ 2 ],
}
text = """
title = 2
""""
literal = \'\'\'
[up]
\'\'\'
[x.y]
k = 07:32:00
[x]
3.14 = -1e5
[[up]]
[up.sub]
[[up.deep]]
[[up.deep]]
q = "\\u005Bup]"
[[up]]
"\\x61\\e" = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("a", "b.c", "d"), 3),
        (("list", 0), 5),
        (("list", 1), 6),
        (("list", 1, 1), 7),
        (("list", 2), 7),
        (("inline", "x"), 9),
        (("inline", "y", "z", 0), 10),
        (("text",), 12),
        (("literal",), 15),
        (("x", "y"), 18),
        (("x", "y", "k"), 19),
        (("x",), 20),
        (("x", "3", "14"), 21),
        (("up",), 22),
        (("up", 0), 22),
        (("up", 0, "sub"), 23),
        (("up", 0, "deep", 0), 24),
        (("up", 0, "deep", 1, "q"), 26),
        (("up", 1), 27),
        (("up", 1, "a\x1b"), 28),
    ],
)
def test_a_key_is_found_on_its_line(path, line):
    """Comments, strings over several lines, dotted and quoted keys, and tables in arrays mislead nobody."""
    assert set(paths(tomli.loads(TRICKY))) == set(locate(TRICKY))
    assert locate(TRICKY)[path] == line


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_line_ends_count_once(end):
    """A file from Windows has the same lines."""
    assert locate(end.join(["a = 1", "", "b = [", "2]"])) == {("a",): 1, ("b",): 3, ("b", 0): 4}


@pytest.mark.parametrize(
    "source", ["a = " + "[" * 390 + "]" * 390, ".".join(["a"] * 900) + " = 1", "[" * 5000, "a=" + "{" * 9999]
)
def test_deep_nesting_does_no_harm(source):
    """However deep a text nests, reading its places needs no deeper stack."""
    assert isinstance(locate(source), dict)
