"""Every nasty case of legacy SMTP has its test, found by the number its docstring begins with."""

from typing import Final

from tests.hotfolder.test_cases import SMTP, numbers

CASES: Final = {
    30: "whole message then a close without QUIT, half-close, reset after the dot",
    31: "a byte a second for 20 minutes, stalls in DATA and between commands",
    32: "bare LF everywhere, mixed line ends, dot lines at every edge of a block",
    33: "smuggling: false ends of a message with MAIL behind them",
    34: "NULs, 8-bit headers, lines of 20,000 bytes and 5 MB",
    35: "lies about SIZE, exactly the limit, one more and then a second mail",
    36: "commands pipelined after STARTTLS, after DATA, before the banner",
    37: "TLS of every age, on the wrong port, or stalled",
    38: "every way of logging in",
    39: "every way of saying HELO",
    40: "parameters of MAIL and RCPT, empty sender, 150 recipients, allowed and forbidden mixed",
    41: "headers missing, doubled or odd",
    42: "message/partial",
    43: "MIME in all its forms",
    44: "fax pages",
    45: "150 MB with four in parallel",
    46: "1,000 idle connections, slow-loris, unknown commands",
    47: "a mail sent again after a lost 250, and two scans in one second",
    48: "the upstream's TLS stays strict beside the LAN's",
}
"""The numbers of the cases; they are never given anew. Those of a hot folder stand in ``tests/hotfolder``."""


def test_every_case_has_its_test():
    """No case goes missing: each number from 30 to 48 stands at the head of some test's docstring."""
    # For the merger: 41 to 44 come with the branch parts, 31, 32 and 34 to 39 with dialogue and speed, 48 with dialogue
    # (or head the docstring of the test in tests/path/test_upstream_tls.py that holds it): only then does this pass.
    assert sorted(CASES.keys() - numbers().keys()) == []


def test_the_list_is_whole():
    """The numbers here and those that the list of the hot folder leaves to this one are the same."""
    assert CASES.keys() == SMTP
