"""A right configuration, and ways to vary and load it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from conf.load import Loaded, Mistakes, load
from conf.validation import Refused, validated

T = TypeVar("T")

SECRET = "S3cr3t-0123456789"

CLIENT_AUTH = f"""\
[[upstream]]
method = "client-auth"
username = "scanner@contoso.com"
tenant = "contoso.onmicrosoft.com"
client_id = "1-2-3"
client_secret = "{SECRET}"
"""

DIRECT_SEND = """\
[[upstream]]
method = "direct-send"
host = "contoso-com.mail.protection.outlook.com"
domains = ["contoso.com"]
"""

RELAY = """\
[[upstream]]
method = "relay"
host = "contoso-com.mail.protection.outlook.com"
"""

MAILDIR = """\
[[upstream]]
method = "maildir"
path = "/srv/mailbox"
"""

SENDER = """\
[sender]
address = "scanner@contoso.com"
"""

GATEWAY = """\
[gateway]
admin = ["it@contoso.com"]
"""

SHARE = """\
[[share]]
name = "scans"
path = "/srv/scans"
to = ["office@contoso.com"]
"""

SMTP = """\
[[smtp]]
listen = "0.0.0.0:25"
clients = ["192.168.1.40"]
recipients = ["contoso.com"]
"""

RIGHT = GATEWAY + SENDER + CLIENT_AUTH + SHARE


def loading(text: str | bytes, environ: Mapping[str, str] | None = None) -> Loaded | Mistakes:
    """Load a configuration text as ``gateway.toml`` of the current folder, readable by its owner only."""
    path = Path("gateway.toml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return load(path, environ or {})


def mistakes(text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the mistakes of a text, as an operator reads them; none when it is right."""
    found = loading(text, environ)
    return str(found).splitlines() if isinstance(found, Mistakes) else []


def right(text: str | bytes, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load a text that must be right."""
    found = loading(text, environ)
    assert isinstance(found, Loaded), str(found)
    return found


def made(kind: type[T], values: object) -> T:
    """Return the values of a table, spelled as in the file, as the table they must be."""
    found = validated(kind, values)
    assert not isinstance(found, Refused), str(found)
    return found
