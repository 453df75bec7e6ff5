"""The upstream tables of the journeys' configurations: each method, pointed at a peer."""

from pathlib import Path

from tests.peers import entra as entra_peer
from tests.peers.certificates import Certificate
from tests.peers.entra import Entra


def by_password(port: int, authority: Path, password_file: Path, host: str = "localhost") -> str:
    """Method 1 with a password."""
    return f"""
[[upstream]]
method = "client-auth"
name = "submission"
host = "{host}"
port = {port}
ca_file = "{authority}"
username = "{entra_peer.MAILBOX}"
auth = "password"
password_file = "{password_file}"
"""


def by_token(port: int, authority: Path, entra: Entra, secret_file: Path) -> str:
    """Method 1 with a token for the application."""
    return f"""
[[upstream]]
method = "client-auth"
name = "submission"
host = "localhost"
port = {port}
ca_file = "{authority}"
username = "{entra_peer.MAILBOX}"
auth = "oauth-app"
tenant = "{entra_peer.TENANT}"
client_id = "{entra_peer.CLIENT_ID}"
client_secret_file = "{secret_file}"
authority = "https://localhost:{entra.port}"
"""


def by_sign_in(port: int, authority: Path, entra: Entra) -> str:
    """Method 1 as a person who signs in."""
    return f"""
[[upstream]]
method = "client-auth"
name = "submission"
host = "localhost"
port = {port}
ca_file = "{authority}"
username = "{entra_peer.MAILBOX}"
auth = "oauth-device"
tenant = "{entra_peer.TENANT}"
client_id = "{entra_peer.CLIENT_ID}"
authority = "https://localhost:{entra.port}"
"""


def direct_send(port: int, authority: Path, domain: str = "contoso.com", host: str = "localhost") -> str:
    """Method 2."""
    return f"""
[[upstream]]
method = "direct-send"
name = "direct"
host = "{host}"
port = {port}
ca_file = "{authority}"
domains = ["{domain}"]
ramp_up = false
"""


def relay(port: int, authority: Path, shown: Certificate | None = None, host: str = "localhost") -> str:
    """Method 3, by address or with a client certificate."""
    certificate = "" if shown is None else f'certificate_file = "{shown.chain}"\nkey_file = "{shown.key}"\n'
    return f"""
[[upstream]]
method = "relay"
name = "relay"
host = "{host}"
port = {port}
ca_file = "{authority}"
ramp_up = false
{certificate}"""
