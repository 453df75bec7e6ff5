"""What a refusal of the token endpoint means: each number we know, and anything else."""

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.catalogue import Entry, Kind, catalogue
from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.token_fault import TRANSIENT_S, TokenError, refused

TOKENS: Final = catalogue().of(Kind.TOKEN)
_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "error_description", "x"]), inner, max_size=3)
    ),
)


@pytest.mark.parametrize("entry", TOKENS, ids=lambda entry: entry.id)
def test_each_number_we_know_has_advice(entry: Entry):
    """What the catalogue knows is found wherever it stands in the description, with its own pause and advice."""
    for said in entry.replies:
        error = refused({"error": "invalid_grant", "error_description": f"Oh: {said}\r\nTrace ID: 0"})
        assert (error.pause_s, error.advice, error.kind) == (entry.pause_s, entry.advice, entry.id)
        assert str(error) == f"Oh: {said}"[:300]


@pytest.mark.parametrize("entry", TOKENS, ids=lambda entry: entry.id)
def test_a_longer_number_is_another(entry: Entry):
    """A number of which ours is only the begin means something else."""
    for said in entry.replies:
        longer = re.sub(r"AADSTS\d+", lambda found: f"{found[0]}9", said)
        assert refused({"error": "invalid_client", "error_description": longer}).advice.startswith("Check tenant")


@pytest.mark.parametrize(
    ("error", "pause_s", "advice"),
    [
        ("invalid_grant", TRANSIENT_S, "may pass by itself"),
        ("temporarily_unavailable", 0.0, ""),
        ("server_error", 0.0, ""),
        ("expired_token", CONFIGURED_S, "run this again"),
        ("authorization_declined", CONFIGURED_S, "declined"),
        ("anything", CONFIGURED_S, "Check tenant"),
    ],
)
def test_without_a_number_the_error_decides(error: str, pause_s: float, advice: str):
    """What OAuth itself says tells a mishap from an outage and from a wrong configuration."""
    found = refused({"error": error})
    assert found.pause_s == pause_s
    assert advice in found.advice
    assert str(found) == error


@given(_ODD)
def test_any_answer_has_a_meaning(answer: object):
    """Whatever comes: one short line, a pause within an hour, and no other exception."""
    found = refused(answer)
    assert isinstance(found, TokenError)
    assert len(str(found).splitlines()) <= 1
    assert len(str(found)) <= 300
    assert 0 <= found.pause_s <= LOCKOUT_S
