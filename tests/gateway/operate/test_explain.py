"""What `scangate explain` makes of a text that somebody pastes."""

import json
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.deliver.catalogue import Kind, Retry, catalogue
from gateway.deliver.replies import classify
from gateway.operate.explain import Explained, as_json, does, explain, lines, listing
from gateway.spool.reply import Deferral, Phase, Refusal, Reply, Scope
from tests.gateway.deliver.wordings import WORDINGS

KNOWN: Final = catalogue()
DISABLED: Final = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
SAID: Final = [(entry_id, said) for entry_id, wordings in WORDINGS.items() for said in wordings]

FORMS: Final = (
    "{}",
    "  {}\n",
    "smtp.office365.com said: {}",
    "235 2.7.0 Authentication successful\r\n250 2.1.0 Sender OK\r\n{}",
    "event=route-paused level=warning upstream=client-auth kind=configuration reply=x said='{}' rest_s=900.0 faults=1",
    "Nov 28 13:03:50 relay postfix/smtp[17059]: 9BDCBA19EA: host smtp.office365.com[40.99.150.50] said: {}",
)


def _explained(text: str, phase: Phase | None = None) -> Explained:
    explained = explain(KNOWN, text, phase)
    assert explained is not None
    return explained


def _ids(text: str, phase: Phase | None = None) -> list[str]:
    return [meaning.entry.id for meaning in _explained(text, phase).meanings]


@pytest.mark.parametrize(("entry_id", "said"), SAID)
def test_a_pasted_reply_is_found(entry_id: str, said: str):
    """A reply is known within a line of a log, of another program's log, behind the dialogue before it, or alone."""
    for form in FORMS:
        assert entry_id in _ids(form.format(said))


@pytest.mark.parametrize(
    "form",
    [
        "reply={}",
        "event=route-paused level=warning upstream=relay kind=outage reply={} said='cannot be reached' waiting=450",
        '{"event": "route-paused", "kind": "outage", "reply": "{}", "said": "cannot be reached"}',
    ],
)
@pytest.mark.parametrize("entry_id", ["send-as-denied", "secret-expired", "unknown-message"])
def test_the_entry_that_a_line_of_the_log_names_is_found(form: str, entry_id: str):
    """A line of our own log is explained by its ``reply=``, in either form, also when what was said has no code."""
    assert _ids(form.replace("{}", entry_id)) == [entry_id]


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        (
            "535-5.7.139 Authentication failed,\r\n535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.",
            "*",
        ),
        (
            "Error: 535 5.7.139 Authentication\n   unsuccessful, SmtpClientAuthentication is\n disabled for the Tenant",
            "*",
        ),
        ("5.7.139 authentication unsuccessful, smtpclientauthentication is disabled for the tenant", "*"),
        ("SmtpClientAuthentication is disabled for the Tenant", "*"),
        ("Scan failed! SMTP error 5.7.64", "connector-mismatch"),
        ("#550 #5.1.10 RESOLVER.ADR.RecipientNotFound", "no-such-mailbox"),
        ("Remote server returned '550 5.7.233 - Your message can't be sent'", "daily-limit-tenant"),
        ("535: 5.7.3 Authentication unsuccessful", "login-refused"),
        ("b'5.7.57 Client not authenticated to send mail'", "not-authenticated"),
        ("432: too many", "too-many-connections"),
        ("the user credentials were incorrect", "wrong-password"),
        ("451 Temporary server error. Please try again later", "service-busy"),
        ("invalid_client: AADSTS7000222: expired", "secret-expired"),
        ("AADSTS1234567: never heard of", "unknown-token"),
        ("421 4.9.9 bye", "service-closing"),
        ("send-as-denied", "send-as-denied"),
        (" unknown-recipient\n", "unknown-recipient"),
    ],
)
def test_other_forms_are_found(text: str, entry_id: str):
    """A reply of several lines or with a wrapped one, without its code or its status, and the kind of a log's line."""
    wanted = "smtp-auth-disabled-tenant" if entry_id == "*" else entry_id
    assert set(_ids(text)) == {wanted}


def test_the_step_decides_what_the_sentence_leaves_open():
    """A text that means different things at different steps is explained for each, or for the one that is named."""
    assert _ids("552 5.2.2 mailbox full") == ["sender-mailbox-full", "recipient-mailbox-full"]
    assert _ids("552 5.2.2 mailbox full", Phase.RCPT) == ["recipient-mailbox-full"]
    assert _ids("452 4.5.3 Too many recipients") == ["too-many-recipients"]
    busy = _explained("451 4.7.0 Temporary server error. Please try again later. PRX4").meanings
    assert [meaning.scope for meaning in busy] == [Scope.ROUTE, Scope.MESSAGE, Scope.RECIPIENT]


def test_an_unknown_reply_names_its_rules():
    """What no entry knows is explained by the rules, one for each kind of step."""
    meanings = _explained("550 5.9.9 never heard of").meanings
    assert [(one.entry.id, one.scope, one.retry) for one in meanings] == [
        ("unknown-before-recipients", Scope.ROUTE, Retry.SLOW),
        ("unknown-recipient", Scope.RECIPIENT, Retry.NO),
        ("unknown-message", Scope.MESSAGE, Retry.NO),
    ]
    assert {phase for one in meanings for phase in one.phases} == set(Phase)
    shown = "\n".join(lines(KNOWN, _explained("550 5.9.9 never heard of", Phase.AUTH)))
    assert "by the rule" in shown
    assert "unknown-before-recipients" in shown


@pytest.mark.parametrize("text", ["", "  ", "hello", "\0\n", "cannot be reached", "10.5.7.64", "2026-11-25T10:00:00Z"])
def test_what_is_no_reply_is_none(text: str):
    """A text without a reply, and without a sentence that the catalogue knows, is not guessed at."""
    assert explain(KNOWN, text) is None


def test_a_success_is_no_fault():
    """A reply that says success is told as one."""
    assert _explained("250 2.6.0 Queued mail for delivery").meanings == ()
    assert "success" in "\n".join(lines(KNOWN, _explained("250 2.6.0 Queued mail for delivery")))


@pytest.mark.parametrize(("entry_id", "said"), [one for one in SAID if not one[1].startswith("AADSTS")])
def test_it_says_what_the_delivery_does(entry_id: str, said: str):
    """For every reply at every step the explanation has scope, retry and advice of the delivery's own verdict."""
    for phase in Phase:
        verdict = classify(phase, Reply(int(said[:3]), said[4:]))
        (meaning,) = _explained(said, phase).meanings
        assert (meaning.entry.id, meaning.scope, meaning.entry.advice) == (verdict.kind, verdict.scope, verdict.advice)
        match verdict:
            case Deferral():
                assert verdict.pause_s == KNOWN.pauses_s[meaning.retry]
            case Refusal():
                assert meaning.retry is Retry.NO


def test_it_says_all_that_a_person_needs():
    """The lines hold meaning, whom it concerns, what scangate does and for how long, and what to do."""
    explained = _explained(DISABLED)
    (meaning,) = explained.meanings
    shown = " ".join(" ".join(lines(KNOWN, explained)).split())
    assert meaning.entry.kind is Kind.REPLY
    for text in (DISABLED, meaning.entry.id, meaning.entry.meaning, does(KNOWN, meaning), meaning.entry.advice):
        assert text in shown
    assert "15 min" in shown
    assert as_json(KNOWN, meaning) | {"source": "", "replies": [], "meaning": "", "does": "", "advice": ""} == {
        "id": "smtp-auth-disabled-tenant",
        "is_known": True,
        "steps": ["auth"],
        "scope": "route",
        "retry": "slow",
        "pause_s": 900.0,
        "meaning": "",
        "does": "",
        "advice": "",
        "replies": [],
        "source": "",
    }


def test_the_listing_has_every_entry():
    """The whole catalogue is listed, in 80 columns."""
    shown = listing(KNOWN)
    heads = [line.split()[0] for line in shown if not line.startswith(" ")]
    assert heads == [entry.id for entry in KNOWN.entries]
    assert max(map(len, shown)) <= 80


PIECES: Final = st.sampled_from(
    ["535", " ", "5.7.139", "-", "\r\n", "AADSTS", "7000222", "421", "250", "\x1b[31m", "5.1.1"]
)
TEXTS: Final = st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join) | st.binary().map(
    lambda raw: raw.decode("utf-8", "replace")
)


@settings(deadline=None)
@given(TEXTS, st.none() | st.sampled_from(Phase))
@example("5" * 30_000, None)
@example("535 5.7.139 " * 3000, None)
def test_no_text_breaks_it(text: str, phase: Phase | None):
    """Whatever is pasted, nothing breaks, nothing but printable text is shown, and no line is wider than 80 columns."""
    explained = explain(KNOWN, text, phase)
    if explained is not None:
        shown = lines(KNOWN, explained)
        assert all(line.isprintable() and len(line) <= 80 for line in shown)
        assert json.dumps([as_json(KNOWN, meaning) for meaning in explained.meanings])
