"""What each reply of a smarthost means."""

import re
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deliver.replies import CONFIGURED_S, classify
from gateway.spool.reply import Deferral, Phase, Refusal, Reply, Scope
from tests.gateway.deliver.catalogue import ROWS, Row

PHASES: Final = st.sampled_from(list(Phase))
WORDS: Final = st.sampled_from(
    [*(row.text for row in ROWS), "no", "", "mailbox full", "ATTR35", "TLS 1.0 not supported"]
)
TEXTS: Final = st.lists(WORDS | st.text(max_size=20), max_size=3).map(" ".join)
REPLIES: Final = st.builds(Reply, st.integers(-99, 999), TEXTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.phase.value} {row.code} {row.text[:40]}")
def test_a_known_reply_means_what_microsoft_says(row: Row):
    """Each catalogued reply concerns whom it should, is final or not, rests the route and advises as it must."""
    verdict = classify(row.phase, row.reply)
    assert isinstance(verdict, Refusal) is row.is_final
    assert verdict.scope is row.scope
    assert verdict.said == f"{row.code} {row.text}"
    assert row.advice in verdict.advice
    if isinstance(verdict, Deferral):
        assert verdict.pause_s == row.pause_s


@pytest.mark.parametrize("row", [row for row in ROWS if row.pause_s], ids=lambda row: row.text[:40])
def test_a_fault_of_the_route_is_one_at_every_later_step(row: Row):
    """A route's fault is known by its sentence, wherever in the transaction Exchange says it."""
    for phase in (Phase.AUTH, Phase.MAIL, Phase.DATA, Phase.END):
        assert classify(phase, row.reply).scope is Scope.ROUTE


@given(PHASES, REPLIES)
def test_a_fault_of_the_route_never_fails_a_message(phase: Phase, reply: Reply):
    """No reply that concerns the route refuses anything: jobs wait until it works again."""
    verdict = classify(phase, reply)
    assert not (isinstance(verdict, Refusal) and verdict.scope is Scope.ROUTE)


@given(PHASES, REPLIES.filter(lambda reply: not 500 <= reply.code <= 599))
def test_only_a_permanent_code_can_refuse(phase: Phase, reply: Reply):
    """4xx and nonsense are temporary whatever they say."""
    assert isinstance(classify(phase, reply), Deferral)


@given(st.sampled_from([Phase.CONNECT, Phase.STARTTLS, Phase.AUTH]), REPLIES)
def test_before_mail_everything_concerns_the_route(phase: Phase, reply: Reply):
    """Nothing said before MAIL can be about a message."""
    verdict = classify(phase, reply)
    assert isinstance(verdict, Deferral)
    assert verdict.scope is Scope.ROUTE


@given(REPLIES)
def test_nothing_said_to_mail_is_about_a_recipient(reply: Reply):
    """At MAIL no recipient has been named: a recipient's status code there is a fault of the route, not of the scan."""
    assert classify(Phase.MAIL, reply).scope is not Scope.RECIPIENT


@pytest.mark.parametrize("text", ["5.1.1 no such user", "5.1.10 RecipientNotFound", "5.4.1 Access denied", "5.7.12 no"])
def test_a_recipients_reply_to_mail_burns_no_scan(text: str):
    """A recipient's permanent reply where no recipient was named pauses the route instead of failing the scan."""
    verdict = classify(Phase.MAIL, Reply(550, text))
    assert isinstance(verdict, Deferral)
    assert verdict.scope is Scope.ROUTE
    assert verdict.pause_s == CONFIGURED_S


@pytest.mark.parametrize(
    ("phase", "code", "kind", "scope"),
    [
        (Phase.CONNECT, 554, Deferral, Scope.ROUTE),
        (Phase.STARTTLS, 454, Deferral, Scope.ROUTE),
        (Phase.AUTH, 454, Deferral, Scope.ROUTE),
        (Phase.AUTH, 550, Deferral, Scope.ROUTE),
        (Phase.MAIL, 550, Deferral, Scope.ROUTE),
        (Phase.MAIL, 450, Deferral, Scope.MESSAGE),
        (Phase.RCPT, 550, Refusal, Scope.RECIPIENT),
        (Phase.RCPT, 450, Deferral, Scope.RECIPIENT),
        (Phase.RCPT, 421, Deferral, Scope.ROUTE),
        (Phase.DATA, 554, Refusal, Scope.MESSAGE),
        (Phase.DATA, 250, Deferral, Scope.MESSAGE),
        (Phase.END, 554, Refusal, Scope.MESSAGE),
        (Phase.END, 451, Deferral, Scope.MESSAGE),
        (Phase.END, 421, Deferral, Scope.ROUTE),
        (Phase.END, -1, Deferral, Scope.MESSAGE),
    ],
)
def test_an_unknown_reply_means_what_its_step_says(
    phase: Phase, code: int, kind: type[Deferral | Refusal], scope: Scope
):
    """What no rule knows is judged by the step of the dialogue and the first digit."""
    verdict = classify(phase, Reply(code, "we have never heard of this"))
    assert isinstance(verdict, kind)
    assert verdict.scope is scope


STATUS_LIKE: Final = sorted({found for row in ROWS for found in re.findall(r"\b[45]\.\d+\.\d+\b", row.text)})
OCTETS: Final = st.integers(0, 255).map(str)


def _is_address(text: str) -> bool:
    return all(int(part) <= 255 for part in text.split("."))


ADDRESSES: Final = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.tuples(st.sampled_from(STATUS_LIKE), OCTETS).map(".".join).filter(_is_address),
    st.tuples(OCTETS, st.sampled_from(STATUS_LIKE)).map(".".join).filter(_is_address),
    st.tuples(OCTETS, st.sampled_from(STATUS_LIKE)).map("".join).filter(lambda text: len(text) < 16),
)


@given(
    PHASES, st.sampled_from([250, 450, 451, 550, 554]), ADDRESSES, st.sampled_from(["[{}]", "{}", "({})", "from {}."])
)
@example(Phase.RCPT, 550, "5.7.64.1", "[{}]")
@example(Phase.RCPT, 550, "203.5.1.1", "[{}]")
@example(Phase.END, 550, "4.7.50.5", "{}.")
def test_an_address_in_a_text_is_never_a_status_code(phase: Phase, code: int, address: str, around: str):
    """The IP addresses that Exchange writes into its replies change nothing in their meaning."""
    with_address = classify(phase, Reply(code, f"rejected {around.format(address)} by policy"))
    without = classify(phase, Reply(code, "rejected by policy"))
    assert (type(with_address), with_address.scope, with_address.advice) == (
        type(without),
        without.scope,
        without.advice,
    )


def test_a_longer_status_code_is_another_one():
    """5.1.1 is not 5.1.10, and 5.7.6 not 5.7.64: codes are compared whole."""
    assert classify(Phase.RCPT, Reply(550, "5.7.640 no")).advice != classify(Phase.RCPT, Reply(550, "5.7.64 no")).advice
    assert classify(Phase.RCPT, Reply(550, "5.1.80 no")).scope is Scope.RECIPIENT
    assert classify(Phase.RCPT, Reply(550, "5.1.8 no")).scope is Scope.ROUTE
