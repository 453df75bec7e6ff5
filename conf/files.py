"""The files a configuration names: each is opened once, and the secret in one is put in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conf import keys
from conf.finding import Finding
from conf.hidden import SecretStr
from conf.lines import KeyPath
from conf.overlay import TWINS, copied, tables_in
from conf.secret import Holds, Opened, Unusable, credential_path, open_file, secret_in

_HOLDS: Final[Mapping[str, Holds]] = {
    **dict.fromkeys(TWINS, "secret"),
    **dict.fromkeys(("key_file", "dkim_key_file"), "private key"),
}
SECRET_TABLES: Final = ("upstream", "share", "smtp")
"""The tables that may name files."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings with every secret in its place, and what was found at the keys that name files."""

    values: dict[str, Any] = field(repr=False)
    findings: tuple[Finding, ...]


def resolve(values: Mapping[str, Any], environ: Mapping[str, str]) -> Resolved:
    """Open every ``…_file`` of every upstream, share and listener; ``values`` is left as it is.

    ``password`` and ``client_secret`` then hold what their files held, and ``credential:NAME`` has become the path
    systemd keeps it at. A key whose value is no path is left for the model to report.
    """
    result = copied(values)
    findings: list[Finding] = []
    for table in SECRET_TABLES:
        file_keys = [key for key in keys.path_keys(table) if key.endswith("_file")]
        for index, settings in enumerate(tables_in(result.get(table))):
            for key in file_keys:
                if isinstance(settings.get(key), str) and settings[key].strip():
                    findings += _resolve_one(settings, key, (table, index, key), environ)
    return Resolved(result, tuple(findings))


def _resolve_one(settings: dict[str, Any], key: str, at: KeyPath, environ: Mapping[str, str]) -> list[Finding]:
    twin = TWINS.get(key)
    if twin is not None and twin in settings:
        return [Finding(at, f"stands beside {twin}: set one of the two")]
    path = credential_path(settings[key], environ.get("CREDENTIALS_DIRECTORY"))
    if isinstance(path, Unusable):
        return [Finding(at, path.why)]
    settings[key] = str(path)
    opened = open_file(path, _HOLDS.get(key, "certificate"))
    match opened:
        case Unusable(why):
            return [Finding(at, why)]
        case Opened(content, warning):
            found = [] if warning is None else [Finding(at, warning, is_warning=True)]
    if twin is None:
        return found
    secret = secret_in(content, path)
    match secret:
        case Unusable(why):
            return [*found, Finding(at, why)]
        case SecretStr():
            settings[twin] = secret
            return found
