"""What a domain publishes: its TXT and MX records. The only user of dnspython, loaded when one is asked for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dns.resolver import Resolver

_LIFETIME_S: Final = 5.0
"""For one question, over all name servers of the box."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was found of one domain; ``fault`` says why there is less than was asked for, and is empty otherwise."""

    texts: tuple[str, ...] = ()
    mail_hosts: tuple[str, ...] = ()
    fault: str = ""


def look_up(domain: str, server: tuple[str, int] | None = None) -> Published:
    """Ask for a domain, at the box's name servers or at this one. Never raises: a fault is part of the answer."""
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=server is None)
        if server is not None:
            resolver.nameservers, resolver.port = [server[0]], server[1]
        texts = _texts(resolver, domain)
        return Published(texts, _mail_hosts(resolver, domain))
    except dns.resolver.NXDOMAIN:
        return Published(fault=f"{domain} does not exist")
    except (dns.exception.DNSException, OSError, ValueError, UnicodeError) as error:
        said = " ".join(str(error).split())[:200]
        return Published(fault=f"{domain} could not be looked up ({said or type(error).__name__})")


def _texts(resolver: "Resolver", domain: str) -> tuple[str, ...]:
    """Return the TXT records, the strings of each joined (RFC 7208 section 3.3)."""
    answer = resolver.resolve(f"{domain}.", "TXT", lifetime=_LIFETIME_S, raise_on_no_answer=False)
    return tuple(b"".join(record.strings).decode("ascii", "replace") for record in answer)


def _mail_hosts(resolver: "Resolver", domain: str) -> tuple[str, ...]:
    """Return the hosts that take mail, best first, in small letters; none for a null MX (RFC 7505)."""
    answer = resolver.resolve(f"{domain}.", "MX", lifetime=_LIFETIME_S, raise_on_no_answer=False)
    found = sorted((record.preference, record.exchange.to_text(omit_final_dot=True).lower()) for record in answer)
    return tuple(host for _, host in found if host not in {"", "."})
