"""The settings of a private Dovecot that only checks logins, in the words of 2.3 (Debian 12) and of 2.4 (Debian 13)."""

from dataclasses import dataclass
from pathlib import Path

from tests.peers.loopback import ADDRESS


@dataclass(frozen=True, slots=True)
class Introspection:
    """Where a token is asked about (RFC 7662, POST over TLS), and the authority file trusted there."""

    url: str
    authority: Path


def settings(folder: Path, port: int, introspection: Introspection | None, *, is_2_3: bool) -> dict[str, str]:
    """The files of a configuration: name in the folder to content; dovecot.conf is the one to start with.

    The 2.3 form is what the tests run on here. The 2.4 form follows its manual (upgrade notes 2.3 to 2.4, and the
    pages on passwd-file, static and oauth2) and has not been run yet.
    """
    common = _common(folder, port)
    if is_2_3:
        files = {"dovecot.conf": common + _databases_2_3(folder, has_tokens=introspection is not None)}
        if introspection is not None:
            files["oauth2"] = f"tls_ca_cert_file = {introspection.authority}\n" + _oauth2(introspection)
        return files
    versions = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    return {"dovecot.conf": versions + common + _databases_2_4(folder, introspection)}


def passwords(users: dict[str, str]) -> str:
    """The content of a passwd-file with these users and their clear passwords."""
    return "".join(f"{user}:{{PLAIN}}{password}\n" for user, password in users.items())


def _common(folder: Path, port: int) -> str:
    # The anvil listener without access switches the delay that grows per address off (the manual's "authentication
    # penalty"), auth_failure_delay the fixed one: a refused login costs 0.5 s. Measured without: about 6 s.
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
auth_verbose = yes
protocols =
listen = {ADDRESS}
ssl = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
service auth {{
  inet_listener sasl {{
    port = {port}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def _databases_2_3(folder: Path, *, has_tokens: bool) -> str:
    tokens = f"""
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2
}}
"""
    return f"""
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%u {folder}/passwords
}}
{tokens if has_tokens else ""}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
"""


def _databases_2_4(folder: Path, introspection: Introspection | None) -> str:
    tokens = ""
    if introspection is not None:
        tokens = f"oauth2 {{\nssl_client_ca_file = {introspection.authority}\n{_oauth2(introspection)}}}\n"
    return f"""
passdb passwd-file {{
  passwd_file_path = {folder}/passwords
}}
{tokens}
userdb static {{
  fields {{
    uid = 65534
    gid = 65534
    home = /nonexistent
  }}
}}
"""


def _oauth2(introspection: Introspection) -> str:
    return f"""
introspection_mode = post
introspection_url = {introspection.url}
username_attribute = username
active_attribute = active
active_value = true
"""
