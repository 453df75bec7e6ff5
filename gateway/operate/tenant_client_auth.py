"""What the tenant's admin runs so that a mailbox may send by SMTP: as an application, by a person's login, a password.

Cmdlets and parameters: "Authenticate an IMAP, POP or SMTP connection using OAuth", "Role Based Access Control for
Applications in Exchange Online", New-ServicePrincipal, Set-CASMailbox (Microsoft, read 2026-11).
"""

from dataclasses import dataclass
from typing import Final, Literal

from gateway.operate.powershell import quoted
from gateway.operate.tenant_step import Section, Step

HIGH_VOLUME_HOST: Final = "smtp-hve.office365.com"
CLIENT_ID: Final = "<application (client) id>"
_SCOPE: Final = "scangate"
Login = Literal["application", "person", "password"]


@dataclass(frozen=True, slots=True)
class ClientAuthFacts:
    """One upstream of this method: the mailbox that logs in, whom the mails are from, and how it logs in."""

    name: str
    host: str
    mailbox: str
    sender: str
    login: Login
    client_id: str = CLIENT_ID
    tenant: str = ""
    is_high_volume: bool = False


def client_auth(facts: ClientAuthFacts) -> Section:
    """Return the steps for one client-auth upstream."""
    steps = [Step("Sign in as an Exchange administrator.", ("Connect-ExchangeOnline",))]
    if facts.is_high_volume:
        steps.append(_high_volume())
    match facts.login:
        case "application":
            steps += _application(facts)
        case "person":
            steps.append(_person(facts))
        case "password":
            steps.append(_password(facts))
    if facts.sender.lower() != facts.mailbox.lower():
        steps.append(_send_as(facts))
    return Section(f"{facts.name}: {facts.mailbox} sends by {facts.host}", (*steps, *_smtp_auth(facts)))


def _high_volume() -> Step:
    return Step(
        "High Volume Email: the account is made in the Exchange admin center (Mail flow, High Volume Email), its"
        " billing"
        " has to be set up, and it sends to recipients inside the organisation only."
    )


def _application(facts: ClientAuthFacts) -> list[Step]:
    principal = (
        f"$AppId = {quoted(facts.client_id)}",
        "Connect-MgGraph -Scopes 'Application.Read.All'",
        "$App = Get-MgServicePrincipal -Filter \"AppId eq '$AppId'\"",
        "New-ServicePrincipal -AppId $App.AppId -ObjectId $App.Id -DisplayName 'scangate'",
    )
    return [
        Step(
            "Make the application known to Exchange. The object id is that of the ENTERPRISE APPLICATION, which"
            " the third"
            " line reads, not that of the app registration: with the wrong one Exchange answers 535 5.7.3. With the"
            ' module Microsoft.Entra it is: Get-EntraServicePrincipal -Filter "AppId eq'
            f" '{_plain(facts.client_id)}'\"",
            principal,
        ),
        _scoped(facts),
        _classic(facts),
        Step(
            "Check what the application may do, and where.",
            (
                "Get-ServicePrincipal | Format-List DisplayName, AppId, ObjectId",
                f"Test-ServicePrincipalAuthorization -Identity $App.Id -Resource {quoted(facts.mailbox)}",
            ),
            is_check=True,
        ),
    ]


def _scoped(facts: ClientAuthFacts) -> Step:
    role = "'scangate SMTP.SendAsApp' -Role 'Application SMTP.SendAsApp'"
    rule = f"PrimarySmtpAddress -eq {quoted(facts.mailbox)}"
    return Step(
        "EITHER, recommended: a role for this mailbox alone (RBAC for Applications). Then do NOT give the"
        " application the"
        " Entra permission SMTP.SendAsApp as well: both count, and that one opens every mailbox it is given to by the"
        " classic way. A new role takes up to two hours to apply.",
        (
            f"New-ManagementScope -Name {quoted(_SCOPE)} -RecipientRestrictionFilter {quoted(rule)}",
            f"New-ManagementRoleAssignment -Name {role} -App $App.Id -CustomResourceScope {quoted(_SCOPE)}",
        ),
    )


def _classic(facts: ClientAuthFacts) -> Step:
    at = f" of the tenant {_plain(facts.tenant)}" if facts.tenant else ""
    return Step(
        f"OR, the classic way: in the Entra admin center{at}, App registrations, API permissions, add the application"
        " permission SMTP.SendAsApp of Office 365 Exchange Online, and grant admin consent. Then take the # off"
        " the next"
        " line and run it instead of the two above.",
        (f"# Add-MailboxPermission -Identity {quoted(facts.mailbox)} -User $App.Id -AccessRights FullAccess",),
    )


def _person(facts: ClientAuthFacts) -> Step:
    return Step(
        "In the Entra admin center, App registrations, Authentication: set 'Allow public client flows' to Yes. API"
        " permissions: add the delegated permissions SMTP.Send (Office 365 Exchange Online) and offline_access."
        f" Then run scangate login at the box, and sign in as {_plain(facts.mailbox)}. That ends when it was not"
        " used for 90 days (the service uses it daily); Conditional Access may end it sooner."
    )


def _password(facts: ClientAuthFacts) -> Step:
    policy = "scangate SMTP AUTH"
    legacy = (
        "A password is legacy: Exchange Online switches it off by default at the end of December 2026 (550 5.7.30, 535"
        " 5.7.139 basic authentication is disabled). An administrator may switch it on again for now, tenants"
        " made later"
        ' have none, and its end is to be announced in 2027: set auth = "oauth-app" before.'
    )
    kept = 'A password is legacy: High Volume Email takes it until September 2028; set auth = "oauth-app" before.'
    return Step(
        f"{kept if facts.is_high_volume else legacy} Security Defaults forbid it too. Where an"
        " authentication policy forbids it, allow it for this mailbox alone: take the # off.",
        (
            "Get-OrganizationConfig | Format-List DefaultAuthenticationPolicy",
            f"Get-User -Identity {quoted(facts.mailbox)} | Format-List AuthenticationPolicy",
            f"# New-AuthenticationPolicy -Name {quoted(policy)} -AllowBasicAuthSmtp",
            f"# Set-User -Identity {quoted(facts.mailbox)} -AuthenticationPolicy {quoted(policy)}",
        ),
    )


def _send_as(facts: ClientAuthFacts) -> Step:
    identity, mailbox = quoted(facts.sender), quoted(facts.mailbox)
    return Step(
        f"The mails are from {_plain(facts.sender)}, another address than the mailbox: let it send as that one."
        " Without it Exchange answers 554 5.2.252 SendAsDenied.",
        (f"Add-RecipientPermission -Identity {identity} -Trustee {mailbox} -AccessRights SendAs -Confirm:$false",),
    )


def _smtp_auth(facts: ClientAuthFacts) -> list[Step]:
    mailbox = quoted(facts.mailbox)
    return [
        Step(
            "Allow authenticated SMTP for this mailbox ONLY. The tenant's own switch may stay off"
            " (SmtpClientAuthenticationDisabled True): what is set at the mailbox goes before it.",
            (f"Set-CASMailbox -Identity {mailbox} -SmtpClientAuthenticationDisabled $false",),
        ),
        Step(
            "Check it: the mailbox shows False.",
            (
                f"Get-CASMailbox -Identity {mailbox} | Format-List SmtpClientAuthenticationDisabled",
                "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled",
            ),
            is_check=True,
        ),
    ]


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
