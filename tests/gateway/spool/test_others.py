"""What a mail server said names nobody who has nothing to do with the scan."""

from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address
from gateway.spool.others import without_others

OFFICE = Address("office@contoso.com")
ANY = st.text(alphabet="ab <>()\u00e9.;")


def test_own_addresses_stay():
    """Addresses of others go, in whatever marks they stand; one's own stay, however they are written."""
    said = "550 <Boss@contoso.com> (head@contoso.com), Office@Contoso.com. 'x@y'"
    assert without_others(said, [OFFICE]) == "550 <(an address)> ((an address)), Office@Contoso.com. '(an address)'"


@given(ANY, ANY)
def test_any_text_is_taken(before: str, behind: str):
    """No reply is an error, and what has no address is left as it is."""
    assert without_others(f"{before} boss@contoso.com {behind}", [OFFICE]).count("boss") == (before + behind).count(
        "boss"
    )
    plain = (before + behind).replace("@", "")
    assert without_others(plain, [OFFICE]) == plain
