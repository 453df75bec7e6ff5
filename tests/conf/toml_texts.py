"""Random TOML 1.1 documents, in every style the format allows, with the line each key and item was written on."""

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

KeyPath = tuple[str | int, ...]

_KEY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a", "b", "3", "a-b", "x.y", "#", "=", "[", "]", '"', "'", "\\", " ", "\n", "\x1b", "é"]
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12) | st.sampled_from(
    ["", '"', '""', "'", "''", "]", "}", "# no comment", "a = 1", "\n[x]\n", "\\", "'''", '"""', "a\nb\n"]
)
_SCALARS = st.sampled_from(
    ["1", "0x1F", "-1", "1.5e3", "inf", "true", "1979-05-27 07:32:00Z", "07:32", "1979-05-27"]
) | _TEXT.map(lambda text: ("text", text))
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEY_TEXT, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(_KEY_TEXT, _VALUES, max_size=4)


@dataclass
class Writer:
    """Writes a document and notes the line of everything it writes."""

    choose: Callable[[int], int]
    text: str = ""
    expected: dict[KeyPath, int] = field(default_factory=dict)

    @property
    def line(self) -> int:
        """The line the next character lands on."""
        return self.text.count("\n") + 1

    def space(self, *, lines: bool) -> None:
        """Write white space, and where lines may end also a comment."""
        options = ["", " ", "\t"] + (["\n", ' # ] } = "\n', "\n\n  "] if lines else [])
        self.text += options[self.choose(len(options))]

    def key(self, name: str) -> None:
        """Write one part of a key: bare, literal or basic."""
        literal = all(character >= " " and character not in "'\x7f" for character in name)
        if name and set(name) <= set(string.ascii_letters + string.digits + "-_") and self.choose(2):
            self.text += name
        elif literal and self.choose(2):
            self.text += f"'{name}'"
        else:
            self.text += f'"{self.escaped(name)}"'

    def escaped(self, text: str) -> str:
        """Return text for a basic string, some of it in escapes nobody needs."""
        return "".join(self._escape(character) for character in text)

    def _escape(self, character: str) -> str:
        if character in '"\\' or character < " " or character == "\x7f" or not self.choose(4):
            code = ord(character)
            short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\x1b": "\\e"}
            wide = f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
            forms = (
                [wide]
                + ([f"\\x{code:02x}"] if code <= 0xFF else [])
                + ([short[character]] if character in short else [])
            )
            return forms[self.choose(len(forms))]
        return character

    def string(self, text: str) -> None:
        """Write a string: basic, or over several lines where the text allows it."""
        is_plain = all(character >= " " or character in "\n\t" for character in text) and "\x7f" not in text
        style = self.choose(3)
        if style == 1 and is_plain and "'''" not in text:
            self.text += f"'''\n{text}'''"
        elif style == 2 and is_plain:
            self.text += '"""\n' + text.replace("\\", "\\\\").replace('"""', '""\\"') + '"""'
        else:
            self.text += f'"{self.escaped(text)}"'

    def value(self, value: Any, path: KeyPath) -> None:
        """Write a value of any kind."""
        if isinstance(value, str):
            self.text += value
        elif isinstance(value, tuple):
            self.string(value[1])
        else:
            self.text += "[" if isinstance(value, list) else "{"
            entries = list(enumerate(value) if isinstance(value, list) else value.items())
            for number, (name, inner) in enumerate(entries):
                self.space(lines=True)
                self.expected[*path, name] = self.line
                if isinstance(value, dict):
                    self.pair(name, inner, path)
                else:
                    self.value(inner, (*path, name))
                self.space(lines=True)
                if number + 1 < len(entries) or self.choose(2):
                    self.text += ","
            self.space(lines=True)
            self.text += "]" if isinstance(value, list) else "}"

    def pair(self, name: str, value: Any, path: KeyPath) -> None:
        """Write ``key = value``; a table of one key may be written as a dotted key."""
        self.expected[*path, name] = self.line
        self.key(name)
        self.space(lines=False)
        if isinstance(value, dict) and len(value) == 1 and self.choose(2):
            self.text += "."
            self.space(lines=False)
            self.pair(*next(iter(value.items())), (*path, name))
            return
        self.text += "="
        self.space(lines=False)
        self.value(value, (*path, name))

    def table(self, table: dict[str, Any], path: KeyPath, names: tuple[str, ...]) -> None:
        """Write a table: its own keys first, then some of its tables under headers of their own."""
        headed = {name: value for name, value in table.items() if self._may_have_header(value) and self.choose(3)}
        for name, value in table.items():
            if name not in headed:
                self.pair(name, value, path)
                self.text += ["\n", " # x\n", "\r\n"][self.choose(3)]
        for name, value in headed.items():
            for number, inner in enumerate(value if isinstance(value, list) else [value]):
                own = (*path, name, number) if isinstance(value, list) else (*path, name)
                self.header((*names, name), is_array=isinstance(value, list))
                self.expected.setdefault((*path, name), self.line)
                self.expected[own] = self.line
                self.text += "\n"
                self.table(inner, own, (*names, name))

    def header(self, names: tuple[str, ...], *, is_array: bool) -> None:
        """Write the header of a table, without its line end."""
        self.text += "[[" if is_array else "["
        for number, name in enumerate(names):
            self.space(lines=False)
            self.text += "." if number else ""
            self.key(name)
        self.text += "]]" if is_array else "]"

    @staticmethod
    def _may_have_header(value: Any) -> bool:
        if isinstance(value, list):
            return bool(value) and all(isinstance(item, dict) for item in value)
        return isinstance(value, dict)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """Draw a document and the line of every key, table and item in it."""
    writer = Writer(lambda count: draw(st.integers(0, count - 1)))
    writer.table(draw(TABLES), (), ())
    return writer.text, writer.expected
