"""What a refusal of the token endpoint means: each number we know, and anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.token_fault import _ADVICE, TRANSIENT_S, TokenError, refused

_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "error_description", "x"]), inner, max_size=3)
    ),
)


@pytest.mark.parametrize("code", _ADVICE)
def test_each_number_we_know_has_advice(code: str):
    """A number is found wherever it stands in the description, with its own pause and advice."""
    error = refused({"error": "invalid_grant", "error_description": f"Oh: {code}: something.\r\nTrace ID: 0"})
    assert (error.pause_s, error.advice) == _ADVICE[code]
    assert error.advice.endswith(".")
    assert str(error) == f"Oh: {code}: something."


@pytest.mark.parametrize("code", _ADVICE)
def test_a_longer_number_is_another(code: str):
    """A number of which ours is only the begin means something else."""
    assert refused({"error": "invalid_client", "error_description": f"{code}9: x"}).advice.startswith("Check tenant")


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
