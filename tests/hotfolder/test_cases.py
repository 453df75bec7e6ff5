"""Every nasty case of a hot folder has its test, found by the number its docstring begins with."""

import ast
import re
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
CASES: Final = {
    1: "client killed after half of it, no retry: told, never mailed",
    2: "the same, sent again under the same name: one good mail",
    3: "link down mid-file",
    4: "pages appended with the file closed in between, each part broken",
    5: "the same, each part a whole PDF",
    6: "end of file set first, data trickling",
    7: "complete, and held open",
    8: "files of zero bytes: made and deleted, left behind, filled later",
    9: "a temporary name, a move from outside, a hard link",
    10: "one name used twenty times",
    11: "overwritten while the one before is worked on",
    12: "dropped before, during and after the start",
    13: "20,000 files in a burst",
    14: "folder deleted and made again, file system read-only, share emptied",
    15: "inotify exhausted",
    16: "sub-folders: made and filled at once, deep, empty",
    17: "disk full: at the client, at the claim, at the journal",
    18: "kill -9 between any two steps",
    19: "power cut",
    20: "names",
    21: "links, pipes, devices, sparse files, modes, owners",
    22: "droppings of desktop systems, and sidecars",
    23: "pages in files of their own, counted",
    24: "two clients, one name",
    25: "clocks that jump, times of another century",
    26: "a writer in the instant of the lease",
    27: "contents that are not what they seem",
    28: "a device that speaks SMB1",
    29: "a storm of wrong passwords",
}
"""The numbers of the cases; they are never given anew."""

SMTP: Final = frozenset(range(30, 49))
"""Those of devices that send mail: ``tests/gateway/arrive/test_smtp_cases.py``."""


def numbers() -> dict[int, list[str]]:
    """The tests of each case, by its number."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
                continue
            if number := re.match(r"Case (\d+): ", ast.get_docstring(node) or ""):
                found.setdefault(int(number[1]), []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def test_every_case_has_its_test():
    """No case goes missing: each number stands at the head of some test's docstring."""
    assert sorted(CASES.keys() - numbers().keys()) == []


def test_no_test_holds_a_case_that_there_is_not():
    """A number in a docstring is one of the list, so that a slip of the pen hides no gap."""
    assert sorted(numbers().keys() - CASES.keys() - SMTP) == []
