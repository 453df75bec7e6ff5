"""How addresses, domains, names, networks, listeners, paths and single lines of text are written.

Each checker returns the value as it is kept, or raises ValueError with a sentence that completes "this key …".
"""

import ipaddress
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, NewType

from conf import units
from conf.declare import After, Before, Exactly
from conf.hidden import SecretStr

Address = NewType("Address", str)
Domain = NewType("Domain", str)

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LABELS: Final = rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*"
_ADDRESS: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABELS}")
_DOMAIN: Final = re.compile(_LABELS)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_LISTEN: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TENANT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_HTTPS: Final = re.compile(r"https://[^\s?#]+")
_PROXY: Final = re.compile(rf"http://(?:{_LABELS}|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{{1,5}})/?")
_ACCOUNT: Final = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_INTERFACE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")
_WORKGROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,14}")

ADDRESS_LENGTH: Final = 254
"""Most characters of an address: a path holds 256 with its angle brackets (RFC 5321 section 4.5.3.1.3)."""

LARGEST_PORT: Final = 65535
PASSWORD_BYTES: Final = 127
"""Most bytes of a Samba password: half of what smbpasswd reads from its standard input (``fstring``, Samba 4.17)."""


def is_address(text: str) -> bool:
    """Tell whether text is one plain mailbox address (RFC 5321 section 4.1.2, dot-atom local part, ASCII)."""
    return len(text) <= ADDRESS_LENGTH and _ADDRESS.fullmatch(text) is not None


def is_ip(text: str) -> bool:
    """Tell whether text is an IPv4 or IPv6 address without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def listen_address(listen: str) -> tuple[str, int]:
    """Return host (IPv6 without brackets) and port of a checked ``listen`` value such as ``"[::]:25"``."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError('must be one e-mail address such as "office@contoso.com"')
    return text


def _domain(text: str) -> str:
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError('must be a domain such as "contoso.com"')
    return text.lower()


def _host(text: str) -> str:
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError('must be a host name such as "smtp.office365.com", without port')
    return text.lower()


def _domain_or_address(text: str) -> str:
    if is_address(text):
        return text
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError('must be a domain such as "contoso.com" or an address such as "office@contoso.com"')
    return text.lower()


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError("must be 1 to 32 of a-z, 0-9, - and _, and start with a letter or digit")
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError('must be an IP address or network such as "192.168.1.40" or "192.168.1.0/24"') from None
    return text


def _listen(text: str) -> str:
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > LARGEST_PORT or not _can_listen(found["host"]):
        raise ValueError('must be "address:port", such as "0.0.0.0:25" or "[::]:25"')
    return text


def _can_listen(host: str) -> bool:
    if host.startswith("["):
        return ":" in host and is_ip(host.strip("[]"))
    looks_numeric = host.replace(".", "").isdigit()
    return is_ip(host) if looks_numeric else _DOMAIN.fullmatch(host) is not None


def _path(written: object) -> object:
    if isinstance(written, str) and (not written.strip() or _CONTROL.search(written)):
        raise ValueError("must be a path, not empty and without control characters")
    return written


def _line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _word(text: str) -> str:
    if not text or not text.isascii() or _CONTROL.search(text) or " " in text:
        raise ValueError("must be ASCII without spaces, and not empty")
    return text


def _tenant(text: str) -> str:
    if _TENANT.fullmatch(text) is None:
        raise ValueError('must be the tenant\'s id or its domain such as "contoso.onmicrosoft.com"')
    return text


def _selector(text: str) -> str:
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError('must be the name of the key in DNS such as "scangate"')
    return text.lower()


def _https(text: str) -> str:
    if _HTTPS.fullmatch(text) is None:
        raise ValueError('must be an address that starts with "https://", without query')
    return text


def _proxy(text: str) -> str:
    found = _PROXY.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= LARGEST_PORT:
        raise ValueError('must be "http://host:port", such as "http://proxy.contoso.com:3128", without user or path')
    return text


def _day(written: object) -> date:
    """Return a day that TOML knows as one, or that the environment wrote as text."""
    if isinstance(written, date) and not isinstance(written, datetime):
        return written
    try:
        return date.fromisoformat(written if isinstance(written, str) else "")
    except ValueError:
        raise ValueError("must be a date such as 2027-01-31, without quotes and without a time") from None


def _account(text: str) -> str:
    if _ACCOUNT.fullmatch(text) is None:
        raise ValueError('must be a new account such as "printer1": 1 to 31 of a-z, 0-9, - and _, a letter first')
    return text


def _interface(text: str) -> str:
    if not is_ip(text) and _INTERFACE.fullmatch(text) is None:
        raise ValueError('must be an address of this box or an interface, such as "192.168.1.50" or "eth0"')
    return text


def _ip(text: str) -> str:
    if not is_ip(text):
        raise ValueError('must be an IP address such as "192.168.1.51"')
    return text


def _workgroup(text: str) -> str:
    if _WORKGROUP.fullmatch(text) is None:
        raise ValueError("must be 1 to 15 letters, digits and hyphens")
    return text


def _secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or _CONTROL.search(text):
        raise ValueError("must not be empty and must be one line")
    return secret


def _device_password(secret: SecretStr) -> SecretStr:
    if len(_secret(secret).get_secret_value().encode()) > PASSWORD_BYTES:
        raise ValueError(f"must have at most {PASSWORD_BYTES} bytes")
    return secret


MailAddress = Annotated[Address, After(_address)]
MailDomain = Annotated[Domain, After(_domain)]
DomainOrAddress = Annotated[str, After(_domain_or_address)]
HostName = Annotated[str, After(_host)]
TableName = Annotated[str, After(_name)]
Network = Annotated[str, After(_network)]
Listen = Annotated[str, After(_listen)]
FilePath = Annotated[Path, Before(_path)]
Line = Annotated[str, After(_line)]
Word = Annotated[str, After(_word)]
Selector = Annotated[str, After(_selector)]
Tenant = Annotated[str, After(_tenant)]
HttpsAddress = Annotated[str, After(_https)]
ProxyAddress = Annotated[str, After(_proxy)]
Day = Annotated[date, Before(_day)]
AccountName = Annotated[str, After(_account)]
Interface = Annotated[str, After(_interface)]
IpAddress = Annotated[str, After(_ip)]
Workgroup = Annotated[str, After(_workgroup)]
DevicePassword = Annotated[SecretStr, After(_device_password)]
Secret = Annotated[SecretStr, After(_secret)]
Seconds = Annotated[float, Before(units.seconds)]
Bytes = Annotated[int, Before(units.size_bytes)]
Count = Annotated[int, Exactly()]
Switch = Annotated[bool, Exactly()]
