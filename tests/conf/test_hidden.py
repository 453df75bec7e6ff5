import pickle
from dataclasses import asdict
from typing import Any

import pytest

from conf.declare import key, table
from conf.hidden import SecretStr
from conf.validation import Refused, validated

SECRET = "S3cr3t-0123456789"


@table
class Kept:
    """A table with a secret."""

    password: SecretStr = key(description="kept")


def test_a_secret_prints_as_stars_wherever_it_stands():
    """Neither a secret, nor what holds one, prints it; also after it went through a pipe, and as a mapping."""
    kept = Kept(password=SecretStr(SECRET))
    passed = pickle.loads(pickle.dumps(kept))
    assert passed == kept
    assert passed.password.get_secret_value() == SECRET
    for printed in (kept, passed, asdict(kept), kept.password, f"{kept.password}", [kept.password]):
        assert SECRET not in f"{printed!r} {printed}"
    assert repr(kept) == "Kept(password=SecretStr('**********'))"


def test_secrets_compare_by_what_they_hold():
    """Equal secrets are equal, an empty one is false, and none equals its own text."""
    assert SecretStr("a") == SecretStr("a")
    assert len({SecretStr("a"), SecretStr("a"), SecretStr("b")}) == 2
    assert not SecretStr("")
    assert SecretStr("a") != "a"


@pytest.mark.parametrize("given", [SECRET, SecretStr(SECRET)])
def test_a_secret_is_made_of_a_text_or_is_one(given: object):
    """What the file holds becomes a secret, and what was read from a file that it names is taken as it is."""
    assert validated(Kept, {"password": given}) == Kept(password=SecretStr(SECRET))


@pytest.mark.parametrize("given", [3, [SECRET], {"x": SECRET}, None])
def test_what_is_no_secret_is_refused_without_being_told(given: Any):
    """A refusal does not hold the value."""
    refused = validated(Kept, {"password": given, SECRET[:3]: given})
    assert isinstance(refused, Refused)
    assert [refusal.kind for refusal in refused.refusals] == ["string_type", "unexpected_keyword_argument"]
    assert SECRET not in repr(refused)
