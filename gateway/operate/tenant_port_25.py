"""What the tenant's admin runs for the two methods without a mailbox: relay by a connector, and direct send.

Cmdlets and parameters: New-InboundConnector, "Updated requirements for SMTP relay", "Introducing more control over
Direct Send in Exchange Online" (Microsoft, read 2026-11).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.operate.powershell import listed, quoted
from gateway.operate.tenant_step import Section, Step

_SIGN_IN = Step("Sign in as an Exchange administrator.", ("Connect-ExchangeOnline",))


@dataclass(frozen=True, slots=True)
class RelayFacts:
    """One relay upstream; ``certificate`` are the names of the certificate it shows, None when it goes by address."""

    name: str
    host: str
    sender_domain: str
    public_ip: str
    certificate: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DirectSendFacts:
    """One direct-send upstream."""

    name: str
    host: str
    domains: tuple[str, ...]
    sender_domain: str
    public_ip: str


def relay(facts: RelayFacts) -> Section:
    """Return the steps for one relay upstream."""
    shared = (
        f"New-InboundConnector -Name {quoted(f'scangate {facts.name}')} -ConnectorType OnPremises -Enabled $true"
        f" -SenderDomains {quoted(facts.sender_domain)}"
    )
    if facts.certificate is None:
        made = _by_address(facts, shared)
    else:
        made = _by_certificate(facts, facts.certificate, shared)
    return Section(
        f"{facts.name}: relay through {facts.host}",
        (
            _SIGN_IN,
            Step(
                "The domain of the sender has to be an accepted domain of the tenant (it is for a connector by"
                " address the"
                " only thing that tells whose mail it is, since November 2023).",
                (f"Get-AcceptedDomain -Identity {quoted(facts.sender_domain)}",),
                is_check=True,
            ),
            made,
            Step(
                "Check it. Mail to outside refused with 550 5.7.64 matched no connector: the public address or the"
                " certificate is another, or the connector is of type Partner.",
                ("Get-InboundConnector | Format-List Name, ConnectorType, Enabled, SenderIPAddresses, Tls*",),
                is_check=True,
            ),
        ),
    )


_WHY_ON_PREMISES = (
    "Its type is OnPremises: one of type Partner takes mail for the tenant and passes none on to the outside"
    " (550 5.7.64)."
    " The Restrict… parameters are of use with Partner only, and are left out."
)


def _by_address(facts: RelayFacts, shared: str) -> Step:
    return Step(
        f"A connector by public address, which has to be static and shared with nobody. {_WHY_ON_PREMISES}",
        (f"{shared} -SenderIPAddresses {quoted(facts.public_ip)}",),
    )


def _by_certificate(facts: RelayFacts, names: Sequence[str], shared: str) -> Step:
    fitting = [name for name in names if _is_below(name, facts.sender_domain)]
    name = (fitting or [*names] or ["<name in the certificate>"])[0]
    doubt = (
        ""
        if fitting
        else f" CAREFUL: no name in the certificate ({', '.join(names) or 'none was read'}) is {facts.sender_domain} or"
        " below it; Exchange wants an accepted domain of the tenant there."
    )
    return Step(
        "A connector by certificate, which also works from a changing address. The certificate has to come from"
        " a public"
        f" authority.{doubt} {_WHY_ON_PREMISES}",
        (f"{shared} -TlsSenderCertificateName {quoted(name)} -RequireTls $true",),
    )


def _is_below(name: str, domain: str) -> bool:
    return name.lower() == domain.lower() or name.lower().endswith(f".{domain.lower()}")


def direct_send(facts: DirectSendFacts) -> Section:
    """Return the steps for one direct-send upstream."""
    partner = (
        f"New-InboundConnector -Name {quoted(f'scangate {facts.name}')} -ConnectorType Partner -Enabled $true"
        f" -SenderDomains {quoted(facts.sender_domain)} -SenderIPAddresses {quoted(facts.public_ip)}"
        " -RestrictDomainsToIPAddresses $false"
    )
    return Section(
        f"{facts.name}: direct send to {', '.join(facts.domains)} through {facts.host}",
        (
            _SIGN_IN,
            Step(
                "Look whether the tenant rejects direct send, as security baselines advise. True means 550"
                " 5.7.68 for all of"
                " this box's mails.",
                ("Get-OrganizationConfig | Select-Object RejectDirectSend",),
                is_check=True,
            ),
            Step(
                "If it is True: a connector of type Partner for the public address exempts this box and nobody"
                " else; take"
                " the # off. It restricts nothing: mail of the domain from elsewhere is taken as before.",
                (f"# {partner}",),
            ),
            Step(
                "The domains have to be accepted domains of the tenant; others are refused with 550 5.4.1.",
                (f"{listed(facts.domains)} | ForEach-Object {{ Get-AcceptedDomain -Identity $_ }}",),
                is_check=True,
            ),
            Step(
                "Exchange checks these mails as any from outside: the public address has to stand in SPF"
                " (below), or they go"
                " to junk, and are refused where DMARC says reject."
            ),
        ),
    )
