"""OPERATIONS.md lists what the service can say, all of it and nothing else."""

import re

from conf.declare import declared
from conf.model import Pdf
from gateway.events import Event
from gateway.operate.exits import Exit
from image.errors import ScanFault
from tests.gateway.command import ROOT

REPORTED = {"plain_because", "size_bytes", "not_archive", "is_untouched"}
"""Words of a report or of the log that look like keys."""

_CODE = re.compile(r"^\| *`([^`]+)` *\|", re.MULTILINE)


def _first_column(heading: str) -> list[str]:
    """The codes in backticks in the first column of the table under a heading of OPERATIONS.md, in their order."""
    text = (ROOT / "OPERATIONS.md").read_text(encoding="utf-8")
    _, found, behind = text.partition(f"\n## {heading}\n")
    assert found, f"OPERATIONS.md has no heading ## {heading}"
    return _CODE.findall(re.split(r"\n## ", behind)[0])


def test_every_log_event_is_listed_once():
    """Every event that can stand in the log has one row, and every row is an event."""
    assert sorted(_first_column("Log events")) == sorted(Event)


def test_every_exit_code_is_listed_once():
    """Every exit code has one row, and every row is an exit code."""
    assert sorted(_first_column("Exit codes"), key=int) == [str(code.value) for code in sorted(Exit)]


def test_every_refusal_is_listed_once():
    """Every kind of refusal has one row, and every row is a kind of refusal."""
    assert sorted(_first_column("What is done to a scan")) == sorted(ScanFault)


def test_every_option_of_convert_has_a_key():
    """Every setting that the section on scans names is a key of [pdf]."""
    text = (ROOT / "OPERATIONS.md").read_text(encoding="utf-8")
    section = text.partition("\n## What is done to a scan\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)(?: = [^`]+)?`", section))
    assert {"archive", "signed", "check", "mail_limit", "over_limit", "reduce_bilevel", "drop_blank", "ocr"} <= named
    assert {name for name in named if "_" in name} - REPORTED <= set(declared(Pdf))


def test_codes_are_distinct():
    """No two events and no two exit codes share a spelling."""
    assert len({event.value for event in Event}) == len(Event)
    assert len({code.value for code in Exit}) == len(Exit)
    assert all(0 <= code.value <= 125 for code in Exit)
