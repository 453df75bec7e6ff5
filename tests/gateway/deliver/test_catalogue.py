"""The catalogue of replies: what stands in it is right, and what is wrong in it is told."""

import contextlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver import catalogue as module
from gateway.deliver.catalogue import PATH, Catalogue, CatalogueError, Entry, Kind, Retry, Rule, catalogue, read
from gateway.deliver.replies import (
    CONFIGURED_S,
    LOCKOUT_S,
    classify,
    judge,
    kind_of,
    sentence_entry,
    token_advice,
    token_entry,
)
from gateway.spool.reply import Deferral, Phase, Refusal, Reply, Scope
from tests.gateway.command import environment
from tests.gateway.deliver.wordings import WORDINGS

KNOWN: Final = catalogue()
TEXT: Final = PATH.read_text(encoding="utf-8")
REPLIES: Final = KNOWN.of(Kind.REPLY)
TOKENS: Final = KNOWN.of(Kind.TOKEN)
SAID: Final = [(entry.id, said) for entry in REPLIES for said in (*entry.replies, *WORDINGS[entry.id])]
TOKENS_SAID: Final = [(entry.id, said) for entry in TOKENS for said in (*entry.replies, *WORDINGS[entry.id])]

MEANT_OTHERWISE: Final = {"554 5.2.2 Mailbox full"}
"""At RCPT it is the recipient's mailbox."""


def _reply(said: str) -> Reply:
    return Reply(int(said[:3]), said[4:])


def _id(entry: Entry | None) -> str:
    return "" if entry is None else entry.id


def test_every_entry_has_wordings_from_real_life():
    """No entry is a guess: each has replies as they were seen, and each of these has an entry."""
    assert list(WORDINGS) == [entry.id for entry in (*REPLIES, *TOKENS)]


@pytest.mark.parametrize(("entry_id", "said"), SAID)
def test_a_reply_is_known_by_its_own_entry(entry_id: str, said: str):
    """Each wording is known by its own entry and no earlier one, at every step where it is said."""
    entry = KNOWN.entry(entry_id)
    assert entry is not None
    assert entry.phases
    for phase in entry.phases:
        assert _id(sentence_entry(KNOWN, phase, _reply(said))) == entry_id
        assert classify(phase, _reply(said)).kind == entry_id


@pytest.mark.parametrize(("entry_id", "said"), SAID)
def test_a_fault_of_the_route_is_known_at_every_step(entry_id: str, said: str):
    """A fault of the route pauses it, as long as it must, and burns nothing, wherever in the dialogue it is told."""
    entry = KNOWN.entry(entry_id)
    assert entry is not None
    meant_otherwise = {Phase.RCPT} if said in MEANT_OTHERWISE else set()
    if entry.scope is Scope.ROUTE:
        for phase in set(Phase) - meant_otherwise:
            assert classify(phase, _reply(said)) == Deferral(said, Scope.ROUTE, entry.pause_s, entry.advice)
            assert kind_of(said) == entry_id


@pytest.mark.parametrize(("entry_id", "said"), SAID)
def test_what_the_journal_keeps_is_known_too(entry_id: str, said: str):
    """A reply with its advice behind it, as a failed recipient has it, is known by the same entry."""
    entry = KNOWN.entry(entry_id)
    assert entry is not None
    assert kind_of(f"{said} ({entry.advice})", entry.phases[0]) == entry_id


@pytest.mark.parametrize(("entry_id", "said"), TOKENS_SAID)
def test_a_refused_token_is_known_by_its_own_entry(entry_id: str, said: str):
    """Each sentence of the token endpoint is known by its own entry, also within a longer one."""
    found = token_advice(f"invalid_client: {said} Trace ID: 0")
    assert found is not None
    assert (found.id, found.scope) == (entry_id, Scope.ROUTE)
    assert kind_of(said) == entry_id


@pytest.mark.parametrize("said", ["", "AADSTS1", "AADSTS70002150: x", "AADSTS900020", "AADSTS5005: x", "535 5.7.3 no"])
def test_numbers_of_the_token_endpoint_are_compared_whole(said: str):
    """A longer number is another one, and what no entry knows has none."""
    assert token_advice(said) is None


def test_at_least_six_causes_share_one_status():
    """5.7.139 alone decides nothing: each of its sentences has an entry of its own."""
    assert len({entry_id for entry_id, said in SAID if " 5.7.139 " in said}) >= 6


def test_a_wrong_sender_is_held():
    """SendAsDenied is a fault of the route, so scans wait for the right to be granted instead of failing."""
    verdict = classify(Phase.END, _reply(WORDINGS["send-as-denied"][0]))
    assert isinstance(verdict, Deferral)
    assert (verdict.scope, verdict.kind) == (Scope.ROUTE, "send-as-denied")


def test_the_seconds_are_those_of_the_code():
    """What other modules use for faults that are no replies is what the catalogue says of like ones."""
    assert (KNOWN.pauses_s[Retry.SLOW], KNOWN.pauses_s[Retry.STOP]) == (CONFIGURED_S, LOCKOUT_S)
    assert {retry for retry in Retry if KNOWN.pauses_s[retry] == 0} == {Retry.NOW, Retry.SPLIT, Retry.NO}


def test_every_retry_is_used():
    """No retry is defined that no entry has."""
    assert {entry.retry for entry in KNOWN.entries} == set(Retry)


@pytest.mark.parametrize("phase", Phase)
def test_whatever_is_said_has_a_sentence(phase: Phase):
    """There is a sentence for what scangate does with each reply at each step, as `explain` prints it."""
    for _, said in SAID:
        found = judge(KNOWN, phase, _reply(said))
        assert KNOWN.sentences[found.retry, found.scope]
        assert (found.retry, found.scope) != (Retry.NO, Scope.ROUTE)


@given(st.sampled_from(Phase), st.integers(-1, 999), st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_reply_has_an_entry(phase: Phase, code: int, text: str):
    """Whatever a host says, at whatever step, its verdict names an entry of the catalogue, and nothing breaks."""
    verdict = classify(phase, Reply(code, text))
    assert KNOWN.entry(verdict.kind) is not None
    assert not (isinstance(verdict, Refusal) and verdict.scope is Scope.ROUTE)
    assert token_entry(KNOWN, text) is None or "AADSTS" in text.upper()
    assert isinstance(kind_of(text), str)


def test_nothing_is_read_before_it_is_needed():
    """Importing the delivery reads no catalogue: a box on which all goes well never pays for it."""
    code = "import gateway.deliver.runner, gateway.deliver.catalogue as c; print(c.catalogue.cache_info().misses)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


@pytest.fixture
def _unread() -> Iterator[None]:
    """The catalogue is read anew in this test, and again after it."""
    module.catalogue.cache_clear()
    yield
    module.catalogue.cache_clear()


@pytest.mark.usefixtures("_unread")
@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[[reply]", b"reply = 1"])
def test_without_a_catalogue_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
):
    """When the catalogue cannot be read every reply pauses the route, and the advice names the file: no scan fails."""
    path = tmp_path / "replies.toml"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(module, "PATH", path)
    for phase in Phase:
        verdict = classify(phase, Reply(550, "5.1.1 no such user"))
        assert isinstance(verdict, Deferral)
        assert (verdict.scope, verdict.pause_s) == (Scope.ROUTE, CONFIGURED_S)
        assert str(path) in verdict.advice
    assert kind_of("550 5.1.1 no such user") == ""
    assert token_advice("AADSTS7000222: expired") is None


BROKEN: Final[list[tuple[str, str, str]]] = [
    ('id = "bad-from"', 'id = "Bad From"', "'Bad From' is not of small letters"),
    ('id = "bad-from"', 'id = "bad-helo"', "id twice: bad-helo"),
    ("when = ['<5.7.512>']", "when = ['(<5.7.512>']", "bad-from when: not a regular expression"),
    ("when = ['<5.7.512>']", "when = []", "bad-from when: must be a list of texts, and not empty"),
    ("when = ['<5.7.512>']", "when = '<5.7.512>'", "bad-from when: must be a list"),
    ("when = ['<5.7.512>']", "when = ['']", "bad-from when: must be a text"),
    ("when = ['<5.7.512>']", "when = ['<5.7.512>']\nif = 1", "bad-from: no such key: if"),
    ('scope = "message"', 'scope = "mesage"', "scope: 'mesage' is none of route, message, recipient"),
    ('phases = ["mail", "auth"]', 'phases = ["mial"]', "not-authenticated phases: 'mial' is none of connect"),
    ("\nonly_there = true", "\nonly_there = 1", "too-many-recipients only_there: must be true or false"),
    ('retry = "split"', 'retry = "soon"', "too-many-recipients retry: 'soon' is none of now, split"),
    ('retry = "day"', 'retry = "no"', "daily-limit-mailbox: [retry.no] has no sentence for scope route"),
    ('source = "terrl"', 'source = "hearsay"', "daily-limit-tenant source: 'hearsay' is not in [source]"),
    ('meaning = "There is no such mailbox."', "", "no-such-mailbox meaning: must be a text, and not empty"),
    ('advice = "Run scangate login again."', "advice = 1", "advice: must be a text, if only an empty one"),
    ("pause_s = 900", "pause_s = 86400", "[retry.slow] pause_s: must be seconds from 0 to 3600"),
    ("pause_s = 900", "", "[retry] has no pause_s for slow"),
    ("[retry.day]", "[retry.week]", "[retry]: 'week' is none of"),
    ('message = "Fails', 'route = "Fails', "[retry.no] route: nothing may fail for a fault of the route"),
    ('[[rule]]\nid = "unknown-message"', '[[rule]]\nid = "unknown-massage"', "[[rule]] must have exactly the ids"),
    ("\n[source]", "\n[sauce]", "no such table: sauce"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN)
def test_a_mistake_in_it_is_named(old: str, new: str, said: str):
    """A catalogue with a mistake is refused with file, entry and key."""
    assert old in TEXT
    with pytest.raises(CatalogueError, match="^replies.toml: .*" + re.escape(said)):
        read(TEXT.replace(old, new, 1), "replies.toml")


TREES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(["x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_no_catalogue_breaks_the_reader(data: st.DataObject):
    """Whatever stands in place of any part of it, the reader says so by its own error, or takes it."""
    tables: dict[str, Any] = tomllib.loads(TEXT)
    node: Any = tables
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else list(range(len(node)))))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            node[key] = data.draw(TREES)
            break
        node = node[key]
    with contextlib.suppress(CatalogueError):
        assert isinstance(module._catalogue(tables), Catalogue)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str):
    """Whatever the file holds, the reader says so by its own error."""
    with pytest.raises(CatalogueError, match=r"^name: "):
        read(text, "name")


def test_the_rules_are_those_of_the_code():
    """Every rule for the unknown stands in the catalogue, with whom it concerns."""
    assert [entry.id for entry in KNOWN.of(Kind.RULE)] == [rule.value for rule in Rule]
