"""Rules on how a share says who gets its scans: fixed, by the names of sub-folders, or by sidecars."""

from collections.abc import Iterator

from conf.carry import domain_of
from conf.finding import Finding
from conf.lines import KeyPath
from conf.model import Address, Share


def addressing(share: Share, at: KeyPath) -> Iterator[Finding]:
    """Yield what is wrong or doubtful about who gets the scans of this share, which stands at ``at``."""
    names_people = share.folders == "address" or share.sidecars
    if share.to is None and not names_people:
        what = 'is missing: who gets what is dropped here; or set folders = "address", or sidecars = true'
        yield Finding((*at, "to"), what)
    if names_people and not share.recipients:
        what = "is missing: the domains or addresses that sub-folders and sidecars may name, such as your own domain"
        yield Finding((*at, "recipients"), what)
    if share.recipients and not names_people:
        what = 'is not used without folders = "address" or sidecars = true: remove it'
        yield Finding((*at, "recipients"), what, is_warning=True)
    if share.domain is None:
        return
    if share.folders != "address":
        yield Finding((*at, "domain"), 'is not used without folders = "address": remove it', is_warning=True)
    elif share.recipients and share.domain not in {domain_of(Address(one)) for one in share.recipients}:
        what = f"is outside recipients: no folder could be named for a person at {share.domain}; add it there"
        yield Finding((*at, "domain"), what)
