"""Microsoft's clouds: which host, authority and scopes belong together.

Several public configurations and mail programs agree on each value of the sovereign clouds (looked up 2026-11-25); no
tenant tried them. GCC is served by the public cloud. For DoD the sources name different hosts, so it has no entry: set
host, authority and scope.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

CloudName = Literal["public", "us-gov-high", "china"]

HIGH_VOLUME_HOST: Final = "smtp-hve.office365.com"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: where mail is submitted, where tokens come from, and for what: as the application, as a person."""

    host: str
    authority: str
    app_scope: str
    device_scope: str


CLOUDS: Final[Mapping[str, Cloud]] = {
    "public": Cloud(
        "smtp.office365.com",
        "https://login.microsoftonline.com",
        "https://outlook.office365.com/.default",
        "https://outlook.office.com/SMTP.Send",
    ),
    "us-gov-high": Cloud(
        "smtp.office365.us",
        "https://login.microsoftonline.us",
        "https://outlook.office365.us/.default",
        "https://outlook.office365.us/SMTP.Send",
    ),
    "china": Cloud(
        "smtp.partner.outlook.cn",
        "https://login.partner.microsoftonline.cn",
        "https://partner.outlook.cn/.default",
        "https://partner.outlook.cn/SMTP.Send",
    ),
}
SUBMISSION_HOSTS: Final = frozenset({HIGH_VOLUME_HOST, *(cloud.host for cloud in CLOUDS.values())})
"""Where mailboxes log in: without a login they answer 530 5.7.57 to every mail."""
_PUBLIC: Final = CLOUDS["public"]


def cloud_of(above: Mapping[str, Any]) -> Cloud:
    """Return the cloud that the keys above in a table name; the public one where they name none."""
    return CLOUDS.get(str(above.get("cloud")), _PUBLIC)


def scope_of(above: Mapping[str, Any]) -> str:
    """Return the scope that the keys above in a table ask for."""
    cloud = cloud_of(above)
    return cloud.device_scope if above.get("auth") == "oauth-device" else cloud.app_scope


def of_another(cloud_name: str, host: str, authority: str, scope: str) -> Iterator[tuple[str, str]]:
    """Yield (key, its cloud) for each key whose value belongs to another cloud than the one that is named."""
    known = [(name, cloud) for name, cloud in CLOUDS.items() if name != cloud_name]
    for name, cloud in known:
        if host == cloud.host or (name == "public" and host == HIGH_VOLUME_HOST):
            yield "host", name
        if authority.rstrip("/").lower() == cloud.authority:
            yield "authority", name
        if scope in {cloud.app_scope, cloud.device_scope}:
            yield "scope", name
