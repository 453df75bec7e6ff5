import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.carry import domain_of, is_listed
from conf.model import Address, Config, is_address
from gateway.arrive.addressee import Addressed, Unaddressed, addressee
from hotfolder.sidecar import Sidecar, Unusable
from tests.gateway.spool.given import config

ROOT = Path("/srv")
ALICE, BOB, EVE = Address("alice@contoso.com"), Address("bob@contoso.com"), Address("eve@fabrikam.com")
OFFICE = (Address("office@contoso.com"),)
DIRECT = [{"method": "direct-send", "host": "x.example", "domains": ["contoso.com"]}]


def sharing(**keys: Any) -> Config:
    """A configuration whose share has these keys; by default folders for people at contoso.com, and sidecars."""
    share = {"folders": "address", "sidecars": True, "recipients": ["contoso.com"], "to": OFFICE, **keys}
    upstream = {"upstream": share.pop("upstream")} if "upstream" in share else {}
    written = {key: value for key, value in share.items() if value is not None}
    return config(ROOT, share=[{"name": "scans", "path": ROOT / "share", **written}], **upstream)


def decide(folder: str = "", said: Sidecar | Unusable | None = None, **keys: Any) -> Addressed | Unaddressed:
    """Who gets a scan of this share."""
    configured = sharing(**keys)
    return addressee(configured, configured.share[0], folder, said)


def why(*arguments: Any, **keys: Any) -> str:
    """Why nobody gets it."""
    found = decide(*arguments, **keys)
    assert isinstance(found, Unaddressed), found
    assert found.sentence.startswith("Nobody can tell who gets this scan: ")
    return found.sentence


@pytest.mark.parametrize(
    ("folder", "domain", "address"),
    [
        (ALICE, None, ALICE),
        ("Alice@CONTOSO.com", None, "Alice@CONTOSO.com"),
        ("alice", "contoso.com", ALICE),
        (ALICE, "fabrikam.com", ALICE),
        ("alice@contoso.com.", None, ALICE),
        ("alice@contoso.com. .", None, ALICE),
        (" alice ", "contoso.com", ALICE),
        ("alice.", "contoso.com", ALICE),
        ("a.smith+x", "contoso.com", "a.smith+x@contoso.com"),
    ],
)
def test_a_folder_names_its_person(folder: str, domain: str | None, address: str):
    """An address, or a name with the default domain, in any case, and with what Windows leaves at its end."""
    assert decide(folder, domain=domain, recipients=["contoso.com", "fabrikam.com"]) == Addressed((Address(address),))


@pytest.mark.parametrize(
    "folder",
    [
        "alice", "New folder", "alice@contoso.com (2)", "alice@", "@contoso.com", "a@b@contoso.com",
        "alice@contoso..com", "alice@contoso.com,bob@contoso.com", "al\u0131ce@contoso.com",
        "alice@b\u00fccher.example", "\u0430lice@contoso.com",
        "alice\uff20contoso.com", "alice@contoso.com\u200b", "alice@contoso.com\n", "caf\udce9@contoso.com", ".", " ",
        "x" * 65 + "@contoso.com", "<alice@contoso.com>", "alice @contoso.com", "..alice@contoso.com", "_failed", "CON",
    ],
)  # fmt: skip
def test_what_is_no_address_is_nobody(folder: str):
    """No name is bent into an address: look-alikes, other alphabets, copies and lists name nobody, and not ``to``."""
    sentence = why(folder)
    assert "is no e-mail address" in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_twins_of_another_alphabet_are_both_nobody(form: Any):
    """Names that only differ in how their letters are composed go to nobody, whichever of the two is there."""
    assert "is no e-mail address" in why(unicodedata.normalize(form, "bj\u00f6rn"), domain="contoso.com")


OUT_OF_REACH = (
    'eve@fabrikam.com is out of reach: no upstream may carry mail to "fabrikam.com", only to "contoso.com"; '
    "add the domain there if it is yours, or a client-auth upstream."
)


@pytest.mark.parametrize(
    ("folder", "keys", "part"),
    [
        (EVE, {}, "eve@fabrikam.com is not in recipients of [[share]] scans. It lay in the folder"),
        ("eve", {"domain": "fabrikam.com"}, "eve@fabrikam.com is not in recipients"),
        (BOB, {"recipients": [ALICE]}, "bob@contoso.com is not in recipients"),
        ("alice@x.contoso.com", {}, "alice@x.contoso.com is not in recipients"),
        (EVE, {"recipients": ["fabrikam.com"], "upstream": DIRECT}, OUT_OF_REACH),
    ],
)
def test_who_may_not_be_named_gets_nothing(folder: str, keys: dict[str, Any], part: str):
    """An address that is not allowed, or cannot be reached, fails: it never becomes ``to``."""
    assert part in why(folder, **keys)


def test_where_folders_are_no_people_they_say_nothing():
    """A folder of a share whose folders are something else (a batch) names nobody: ``to`` or its sidecar does."""
    assert decide(EVE, folders="off") == Addressed(OFFICE)
    assert decide(EVE, Sidecar((BOB,), ""), folders="off") == Addressed((BOB,))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, Addressed(OFFICE)),
        (Sidecar((ALICE, BOB), "Invoice"), Addressed((ALICE, BOB), "Invoice")),
        (Sidecar((ALICE, "ALICE@contoso.com"), ""), Addressed((ALICE,))),
    ],
)
def test_at_the_top_level_the_sidecar_names_them(said: Sidecar | None, expected: Addressed):
    """With a sidecar all whom it names get the scan, each once; without one those of ``to`` do."""
    assert decide("", said) == expected


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (Sidecar((), "Invoice"), "its sidecar names nobody"),
        (Sidecar(("alice",), ""), 'its sidecar names "alice", which is no e-mail address'),
        (Sidecar((ALICE, EVE), ""), "eve@fabrikam.com is not in recipients of [[share]] scans. Its sidecar names it"),
        (Sidecar((ALICE, "b\u00fcro@contoso.com"), ""), "which is no e-mail address"),
        (Unusable("it is no JSON"), "its sidecar cannot be used, it is no JSON"),
    ],
)
def test_a_sidecar_in_doubt_sends_nothing(said: Sidecar | Unusable, part: str):
    """One wrong name among right ones, none at all, or no understanding: nobody gets it, not even ``to``."""
    assert part in why("", said)


def test_a_sidecar_in_a_folder_adds_a_subject_and_nobody():
    """In a person's folder a sidecar may name that person or nobody; whom else it names gets nothing, nor do they."""
    assert decide(ALICE, Sidecar((), "Invoice")) == Addressed((ALICE,), "Invoice")
    assert decide(ALICE, Sidecar(("Alice@Contoso.com",), "")) == Addressed((ALICE,))
    for others in ((BOB,), (ALICE, BOB), ("alice",)):
        assert "its sidecar names somebody else" in why(ALICE, Sidecar(others, ""))
    assert "cannot be used" in why(ALICE, Unusable("it is no JSON"))
    assert "is not in recipients" in why(EVE, Sidecar((ALICE,), ""))


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"sidecars": False}, "dropped into a folder named for its recipient."),
        ({"folders": "off"}, "dropped together with a sidecar that names them."),
        ({}, "named for its recipient or dropped together with a sidecar"),
        ({"folders": "off", "sidecars": False}, "sent to another share"),
    ],
)
def test_without_to_what_says_nothing_fails(keys: dict[str, Any], part: str):
    """A scan at the top level of a share without ``to`` goes to nobody, and the sentence says how to address one."""
    assert part in why("", None, to=None, **keys)


FOLDERS = st.text(max_size=30) | st.sampled_from(["", ALICE, EVE, "alice", "alice@CONTOSO.com.", "b\u00fcro", "a@b@c"])
NAMED = st.lists(st.sampled_from([ALICE, BOB, EVE, "x", ""]) | st.text(), max_size=3).map(tuple)
SIDECARS = st.none() | st.builds(Unusable, st.just("x")) | st.builds(Sidecar, NAMED, st.text())


@given(FOLDERS, SIDECARS, st.sampled_from(["off", "address"]), st.sampled_from([None, "contoso.com", "fabrikam.com"]))
def test_nobody_but_the_allowed_and_the_named_ever_gets_a_scan(
    folder: str, said: Sidecar | Unusable | None, folders: str, domain: str | None
):
    """Whatever folder and sidecar say: who gets it was named by them and is allowed, or is ``to`` when none spoke."""
    found = decide(folder, said, folders=folders, domain=domain)
    if isinstance(found, Unaddressed):
        found.sentence.encode()
        assert "\n" not in found.sentence
        return
    folder = folder if folders == "address" else ""
    if folder == "" and said is None:
        assert found.recipients == OFFICE
        return
    assert found.recipients
    for address in found.recipients:
        assert is_address(address)
        assert is_listed(["contoso.com"], address)
        named = {folder.strip(" .").lower(), f"{folder.strip(' .')}@{domain}".lower()}
        if not folder:
            assert isinstance(said, Sidecar)
            named = {name.lower() for name in said.to}
        assert address.lower() in named
        assert domain_of(address) == "contoso.com"
