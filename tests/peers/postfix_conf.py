"""The settings and the queue folders of a private Postfix, made without its installation scripts."""

import grp
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.peers.certificates import Certificate
from tests.peers.loopback import ADDRESS

MASTER_PROGRAM: Final = Path("/usr/lib/postfix/sbin/master")  # Debian's daemon_directory
NOBODY_ID: Final = 65534

# service type private unpriv chroot wakeup maxproc command (master(5)); nothing is chrooted.
MASTER_CF: Final = """
{address}:{port} inet n - n - - smtpd
cleanup   unix       n - n -     0 cleanup
qmgr      unix       n - n 300   1 qmgr
tlsmgr    unix       - - n 1000? 1 tlsmgr
rewrite   unix       - - n -     - trivial-rewrite
bounce    unix       - - n -     0 bounce
defer     unix       - - n -     0 bounce
trace     unix       - - n -     0 bounce
verify    unix       - - n -     1 verify
proxymap  unix       - - n -     - proxymap
showq     unix       n - n -     - showq
error     unix       - - n -     - error
retry     unix       - - n -     - error
discard   unix       - - n -     - discard
virtual   unix       - n n -     - virtual
anvil     unix       - - n -     1 anvil
postlog   unix-dgram n - n -     1 postlogd
"""

# The folders a queue has (postfix-files of Postfix 3.7 and 3.10), who owns them, their group and mode.
_QUEUE: Final = (
    ("active", "postfix", None, 0o700),
    ("bounce", "postfix", None, 0o700),
    ("corrupt", "postfix", None, 0o700),
    ("defer", "postfix", None, 0o700),
    ("deferred", "postfix", None, 0o700),
    ("flush", "postfix", None, 0o700),
    ("hold", "postfix", None, 0o700),
    ("incoming", "postfix", None, 0o700),
    ("private", "postfix", None, 0o700),
    ("saved", "postfix", None, 0o700),
    ("trace", "postfix", None, 0o700),
    ("maildrop", "postfix", "postdrop", 0o730),
    ("public", "postfix", "postdrop", 0o710),
    ("pid", "root", None, 0o755),
)


def main_cf(folder: Path, shown: Certificate, domains: Sequence[str], tls_protocols: str) -> dict[str, str]:
    """The parameters every private server has; one that demands TLS and delivers for these domains only."""
    return {
        "compatibility_level": "3.6",  # the newest level 3.7 to 3.10 know: no old defaults, nothing to warn about
        # Everything below the server's own folder, so that nothing of the system's Postfix is read or written.
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/maillog",
        "maillog_file_prefixes": str(folder),
        "alias_maps": "",
        "alias_database": "",
        "inet_interfaces": ADDRESS,
        "inet_protocols": "ipv4",
        "myhostname": "upstream.example.net",
        "mydestination": "",
        "mynetworks": "",  # a client in mynetworks is exempt from the connection limits
        "smtpd_relay_restrictions": "reject_unauth_destination",
        "smtpd_recipient_restrictions": "",
        "smtpd_banner": "AM0PR01CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready",
        "smtpd_peername_lookup": "no",  # no question about loopback leaves the machine
        "smtpd_error_sleep_time": "0",
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_mandatory_protocols": tls_protocols,
        "smtpd_tls_protocols": tls_protocols,
        "smtpd_tls_cert_file": str(shown.chain),
        "smtpd_tls_key_file": str(shown.key),
        "smtpd_tls_loglevel": "1",
        "smtpd_tls_session_cache_database": "",
        "line_length_limit": "12288",  # RFC 4954 section 4: an AUTH line may be that long, and tokens are
        "message_size_limit": "157286400",  # what smtp.office365.com advertises
        "virtual_mailbox_limit": "0",
        "virtual_mailbox_domains": ", ".join(domains),
        "virtual_mailbox_base": str(folder),
        "virtual_mailbox_maps": "static:mail/",  # one Maildir; X-Original-To tells whose copy it is
        "virtual_alias_maps": "",
        "virtual_transport": "virtual",
        "virtual_uid_maps": f"static:{NOBODY_ID}",
        "virtual_gid_maps": f"static:{NOBODY_ID}",
        "local_recipient_maps": "",
        "default_transport": "error:5.4.4 this server delivers to nobody else",
    }


def make_queue(folder: Path, postfix_id: int) -> None:
    """Create the queue and data folders as `postfix set-permissions` would."""
    owners = {"postfix": postfix_id, "root": 0}
    queue = folder / "queue"
    queue.mkdir(mode=0o755)
    for name, owner, group, mode in _QUEUE:
        made = queue / name
        made.mkdir()
        os.chown(made, owners[owner], grp.getgrnam(group).gr_gid if group else -1)
        made.chmod(mode)
    data = folder / "data"
    data.mkdir(mode=0o700)
    os.chown(data, postfix_id, -1)
