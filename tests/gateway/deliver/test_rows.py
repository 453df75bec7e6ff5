"""The fault list of delivery: each of its rows 1 to 29 heads the docstring of a test, so that none is forgotten."""

import ast
import re

import pytest

from tests.gateway.command import ROOT

ROWS = {
    1: "the host refuses the connection",
    2: "a host that swallows what is said to it",
    3: "cut before the final dot",
    4: "cut after the final dot",
    5: "the receipt comes after minutes",
    6: "a slow uplink",
    7: "a stalled upload",
    8: "421 between messages",
    9: "a session that a NAT has forgotten",
    10: "IPv6 dead, IPv4 well",
    11: "DNS does not know, fails or is silent",
    12: "DNS changes the address",
    13: "STARTTLS missing",
    14: "TLS 1.1 only",
    15: "certificate expired, of another name, of an unknown authority",
    16: "bytes injected behind the reply to STARTTLS",
    17: "432, too many connections",
    18: "the 31st message of a minute",
    19: "the recipients of a day",
    20: "535 5.7.139",
    21: "a wrong password",
    22: "a fault of the route behind the body",
    23: "one of three recipients refused",
    24: "too many recipients",
    25: "a message over SIZE",
    26: "a token that ends within a session",
    27: "the token endpoint down",
    28: "a secret that has expired",
    29: "garbage and endless replies",
}

_HEAD = re.compile(r"Row (\d+): ")


def _heads() -> set[int]:
    """The rows that head a docstring of a test."""
    found = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                head = _HEAD.match(ast.get_docstring(node) or "")
                found |= {int(head[1])} if head else set()
    return found


@pytest.fixture(scope="module", name="heads")
def _all_heads() -> set[int]:
    return _heads()


@pytest.mark.parametrize("row", sorted(ROWS), ids=ROWS.get)
def test_each_row_has_a_test(row: int, heads: set[int]):
    """No row of the fault list is without a test that names it."""
    assert row in heads
