"""Which upstream may carry a mail to whom."""

from typing import assert_never

from conf.model import Address, ClientAuth, DirectSend, Domain, Maildir, Relay


def domain_of(address: Address) -> Domain:
    """Return the domain of an address, lower-case."""
    return Domain(address.rpartition("@")[2].lower())


def may_carry(upstream: ClientAuth | DirectSend | Relay | Maildir, recipient: Address) -> bool:
    """Tell whether this upstream may carry mail to this recipient.

    Direct Send reaches the organisation's own domains only (Microsoft: "How to set up a multifunction device or
    application to send email using Microsoft 365", option 2); the others reach anyone.
    """
    match upstream:
        case DirectSend():
            return domain_of(recipient) in upstream.domains
        case ClientAuth() | Relay() | Maildir():
            return True
        case _:
            assert_never(upstream)


def first_carrier(
    upstreams: tuple[ClientAuth | DirectSend | Relay | Maildir, ...], recipient: Address
) -> ClientAuth | DirectSend | Relay | Maildir | None:
    """Return the first upstream, in order of preference, that may carry mail to this recipient; None if none may."""
    return next((upstream for upstream in upstreams if may_carry(upstream, recipient)), None)
