"""What the tenant's admin is told to run: for each method, from the configuration, and never a secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conf.model import Config
from gateway.arrive import certificate
from gateway.operate.dns import Published
from gateway.operate.exits import Exit
from gateway.operate.tenant import METHODS, Known, as_json, as_script, plan
from tests.conf.given import made
from tests.gateway.command import Place, place, scangate
from tests.peers.certificates import Certificates
from tests.peers.dns import NameServer
from tests.peers.loopback import ADDRESS

ENDPOINT = "contoso-com.mail.protection.outlook.com"
IP = "52.1.2.3"
APP: dict[str, Any] = {
    "method": "client-auth",
    "username": "o'scan@contoso.com",
    "tenant": "contoso.onmicrosoft.com",
    "client_id": "11111111-2222-3333-4444-555555555555",
    "client_secret": "the secret",
}
PASSWORD = {"method": "client-auth", "username": "scanner@contoso.com", "auth": "password", "password": "the secret"}
DIRECT = {"method": "direct-send", "host": ENDPOINT, "domains": ["contoso.com", "fabrikam.com"]}
RELAY = {"method": "relay", "host": ENDPOINT}


def config(*upstreams: dict[str, Any]) -> Config:
    """A configuration with these upstreams."""
    tables = {"gateway": {"name": "box.contoso.com"}, "sender": {"address": "scanner@contoso.com"}}
    return made(Config, {**tables, "upstream": list(upstreams)})


def commands(*upstreams: dict[str, Any], known: Known | None = None, method: Any = None) -> list[str]:
    """The commands of all steps."""
    made = plan(config(*upstreams), known or Known(IP), method)
    return [line for section in made.sections for step in section.steps for line in step.commands]


def test_an_application():
    """The mailbox alone is opened: by a role for it, or as a comment by the classic way; a quote in it is doubled."""
    said = commands(APP)
    assert said[0] == "Connect-ExchangeOnline"
    assert "$App = Get-MgServicePrincipal -Filter \"AppId eq '$AppId'\"" in said
    assert "$AppId = '11111111-2222-3333-4444-555555555555'" in said
    assert any(line.startswith("New-ServicePrincipal -AppId $App.AppId -ObjectId $App.Id") for line in said)
    assert "# Add-MailboxPermission -Identity 'o''scan@contoso.com' -User $App.Id -AccessRights FullAccess" in said
    assert any("-Role 'Application SMTP.SendAsApp' -App $App.Id -CustomResourceScope" in line for line in said)
    assert any(
        "-RecipientRestrictionFilter 'PrimarySmtpAddress -eq ''o''''scan@contoso.com'''" in line for line in said
    )
    assert "Set-CASMailbox -Identity 'o''scan@contoso.com' -SmtpClientAuthenticationDisabled $false" in said
    assert "Test-ServicePrincipalAuthorization -Identity $App.Id -Resource 'o''scan@contoso.com'" in said
    assert any(line.startswith("Add-RecipientPermission -Identity 'scanner@contoso.com'") for line in said)


def test_a_password():
    """What becomes of passwords is said; nothing about applications, nor about another sender."""
    text = as_script(plan(config(PASSWORD), Known(IP)))
    assert "December 2026" in text
    assert "New-AuthenticationPolicy" in text
    assert "ServicePrincipal" not in text
    assert "Add-RecipientPermission" not in text


def test_a_person():
    """Whoever is to sign in is told the command that asks for it."""
    by_person = {name: value for name, value in APP.items() if name != "client_secret"} | {"auth": "oauth-device"}
    text = " ".join(as_script(plan(config(by_person), Known(IP))).replace("\n# ", " ").split())
    assert "run scangate login at the box, and sign in as o'scan@contoso.com" in text


@pytest.mark.parametrize("host", ["smtp-hve.office365.com", "smtp.hve.mx.microsoft"])
def test_high_volume_by_password(host):
    """The account's own steps are told whatever the host is called, and its passwords' own end, not the mailboxes'."""
    upstream = PASSWORD | {"method": "high-volume", "domains": ["contoso.com"], "host": host}
    text = " ".join(as_script(plan(config(upstream), Known(IP))).replace("\n# ", " ").split())
    assert "Mail flow, High Volume Email" in text
    assert "September 2028" in text
    assert "December 2026" not in text


def test_relay_by_address():
    """A connector of type OnPremises for the public address, and without Restrict… parameters."""
    (made,) = [line for line in commands(RELAY) if line.startswith("New-InboundConnector")]
    assert made.endswith(
        "-ConnectorType OnPremises -Enabled $true -SenderDomains 'contoso.com' -SenderIPAddresses '52.1.2.3'"
    )


@pytest.mark.parametrize(
    ("names", "taken", "is_doubted"),
    [(("box", "box.contoso.com"), "box.contoso.com", False), (("box.example",), "box.example", True)],
)
def test_relay_by_certificate(names, taken, is_doubted):
    """The name below the sender's domain is taken; where there is none, that is said."""
    upstream = RELAY | {"certificate_file": "/etc/box.pem", "key_file": "/etc/box.key"}
    made = plan(config(upstream), Known(IP, {"relay": names}))
    text = as_script(made)
    assert f"-TlsSenderCertificateName '{taken}' -RequireTls $true" in text
    assert ("CAREFUL" in text) is is_doubted


def test_direct_send():
    """Whether the tenant rejects it is looked at, and the connector that exempts the box is there as a comment."""
    said = commands(DIRECT)
    assert "Get-OrganizationConfig | Select-Object RejectDirectSend" in said
    assert any(line.startswith("# New-InboundConnector") and "-ConnectorType Partner" in line for line in said)
    assert "'contoso.com', 'fabrikam.com' | ForEach-Object { Get-AcceptedDomain -Identity $_ }" in said


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_is_not_configured(method):
    """It is told with words in <> for what is not known, from whatever is configured."""
    assert commands(PASSWORD, method=method)


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        ((ENDPOINT,), ""),
        (("contoso-com.x.mx.microsoft",), "take the MX"),
        (("mx.filter.example",), "a filter before Exchange"),
        ((), ""),
    ],
)
def test_the_mx_and_the_host(hosts, said):
    """Where the MX is not the configured host, it is said what that means."""
    made = plan(config(RELAY), Known(IP, {}, {"contoso.com": Published(mail_hosts=hosts)}))
    assert said in " ".join(made.warnings)
    assert bool(made.warnings) is bool(said)


def test_a_host_that_is_no_endpoint():
    """A host that is none of a tenant's is warned of, and so is a public address nobody gave."""
    made = plan(config(RELAY | {"host": "mx.example.net"}), Known())
    assert "no name of a tenant's MX endpoint" in made.warnings[0]
    assert "--public-ip" in made.warnings[1]


def test_spf_is_for_those_without_login():
    """A box that logs in needs no address in SPF; one that goes by port 25 does."""
    assert plan(config(PASSWORD), Known(IP)).records[0].value == "v=spf1 include:spf.protection.outlook.com ~all"
    assert f"ip4:{IP}" in plan(config(PASSWORD, DIRECT), Known(IP)).records[0].value


@pytest.mark.parametrize("upstreams", [(APP,), (PASSWORD,), (DIRECT, RELAY)])
def test_no_secret_and_every_quote_closed(upstreams):
    """No secret stands in it, and each line that PowerShell runs closes its quotes and brackets."""
    made = plan(config(*upstreams), Known(IP))
    text = as_script(made)
    assert "the secret" not in text + json.dumps(as_json(made))
    for line in text.splitlines():
        if not line.startswith("#"):
            bare = re.sub(r"'(?:[^']|'')*'", "", re.sub(r'"[^"]*"', "", line))
            assert "'" not in bare
            assert '"' not in bare
            assert bare.count("{") == bare.count("}")


def test_the_names_in_a_certificate(certificates: Certificates):
    """The common name comes first, then the DNS names."""
    assert certificate.names(certificates.client("box.contoso.com").chain.read_bytes()) == ("box.contoso.com",)
    with pytest.raises(ValueError, match="PEM"):
        certificate.names(b"nothing")


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A place that relays by certificate."""
    made = place(tmp_path)
    shown = Certificates(tmp_path).client("box.contoso.com")
    upstream = f'method = "relay"\nhost = "{ENDPOINT}"\ncertificate_file = "{shown.chain}"\nkey_file = "{shown.key}"'
    made.write(f'method = "maildir"\npath = "{tmp_path}/mail"', upstream)
    return made


def test_the_command_asks_dns(here: Place):
    """SPF is merged with what the domain publishes, and the certificate's name is read from its file."""
    records = {("contoso.com", "TXT"): ['"v=spf1 mx -all"'], ("contoso.com", "MX"): [f"0 {ENDPOINT}."]}
    with NameServer(records) as server:
        resolver = f"{ADDRESS}:{server.port}"
        done = scangate("tenant", "--config", here.config, "--public-ip", IP, "--resolver", resolver, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = json.loads(done.stdout)["dns"]
    assert record["value"] == f"v=spf1 ip4:{IP} mx include:spf.protection.outlook.com -all"
    assert record["published"] == ["v=spf1 mx -all"]
    assert "-TlsSenderCertificateName 'box.contoso.com'" in done.stdout


def test_the_command_without_a_network(here: Place, tmp_path: Path):
    """Without an answer, or --offline, the record is there with a remark; --output writes a file Windows can read."""
    script = tmp_path / "tenant.ps1"
    with NameServer({}) as server:
        resolver = f"{ADDRESS}:{server.port}"
        done = scangate("tenant", "--config", here.config, "--resolver", resolver)
    assert done.returncode == 0
    assert "contoso.com does not exist" in done.stdout
    assert "--public-ip" in done.stderr
    done = scangate("tenant", "--config", here.config, "--offline", "--output", script)
    assert (done.returncode, done.stdout) == (0, f"{script}: written\n")
    text = script.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf# ")
    assert text.count(b"\r\n") == text.count(b"\n")
    assert b"was not looked up" in text


@pytest.mark.parametrize("ip", ["300.1.1.1", "192.168.1.5", "127.0.0.1", "x"])
def test_no_public_address(here: Place, ip: str):
    """An address that is none of the internet is refused with a sentence."""
    done = scangate("tenant", "--config", here.config, "--offline", "--public-ip", ip)
    assert done.returncode == Exit.USAGE
    assert "--public-ip" in done.stderr


def test_nothing_to_do(tmp_path: Path):
    """Without an upstream of the tenant it says so; --method shows one all the same."""
    here = place(tmp_path)
    assert scangate("tenant", "--config", here.config, "--offline").returncode == Exit.CONFIG
    done = scangate("tenant", "--config", here.config, "--offline", "--method", "relay", "--public-ip", IP)
    assert "-SenderIPAddresses '52.1.2.3'" in done.stdout
