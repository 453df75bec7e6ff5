"""A private Postfix that plays Exchange Online for real: STARTTLS, AUTH, limits, delivery into a Maildir."""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.peers.certificates import Certificate
from tests.peers.dovecot import Dovecot
from tests.peers.loopback import ADDRESS, free_port, is_listening, until, wait_until
from tests.peers.postfix_conf import MASTER_CF, MASTER_PROGRAM, main_cf, make_queue
from tests.peers.process import Process

HOST: Final = "localhost"
CHECK_S: Final = 30
MAIL_USER_ID: Final = 65534  # nobody: virtual(8) never delivers as root


@dataclass(frozen=True, slots=True)
class Logins:
    """Who may log in: mailbox names and passwords, and where a token is asked about (None: no tokens)."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    introspection_url: str | None = None
    authority: Path | None = None


class Postfix:
    """One Postfix on one loopback port, with a Dovecot beside it when it asks for logins.

    Running from construction; `stop` and `start` keep the port, the queue and the mailboxes. Needs root.
    """

    def __init__(
        self,
        shown: Certificate,
        *,
        logins: Logins | None = None,
        client_authority: Path | None = None,
        domains: Sequence[str] = ("contoso.com", "example.com", "example.org", "fabrikam.com"),
        tls_protocols: str = ">=TLSv1.2",
        legacy_tls: bool = False,
        connections_at_once: int = 0,
        parameters: Mapping[str, str] | None = None,
    ):
        """Start a server.

        Args:
            shown: its certificate.
            logins: None relays by address, as a connector does; else AUTH is demanded before MAIL.
            client_authority: a client must show a certificate of this authority before RCPT; None asks for none.
            domains: where mail is delivered; every local part exists. Anything else is refused with 554 5.7.1.
            tls_protocols: smtpd_tls_mandatory_protocols.
            legacy_tls: lower OpenSSL's security level, without which TLS 1.0 and 1.1 cannot be spoken at all.
            connections_at_once: smtpd_client_connection_count_limit; 0 sets none.
            parameters: further lines of main.cf, which win over everything above.
        """
        self.port: Final = free_port()
        self.folder: Final = Path(tempfile.mkdtemp(prefix="peer-postfix-"))
        self.folder.chmod(0o711)  # its daemons run as other users and must pass through
        self._process: Process | None = None
        self.dovecot: Dovecot | None = None
        with self._undone_on_failure():
            if logins is not None:
                self.dovecot = Dovecot(
                    self.folder / "dovecot", logins.passwords, logins.introspection_url, logins.authority
                )
            settings = main_cf(self.folder, shown, domains, tls_protocols)
            settings |= _access_settings(self.dovecot, client_authority)
            if legacy_tls:
                settings |= {
                    "smtpd_tls_mandatory_ciphers": "low",
                    "tls_low_cipherlist": "ALL:@SECLEVEL=0",
                }
            settings["smtpd_client_connection_count_limit"] = str(connections_at_once)
            settings |= parameters or {}
            self._write(settings)
            self.start()

    def __enter__(self) -> Self:
        """The running server; leaving the block ends it and removes its folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def pid(self) -> int:
        """The process that all its others descend from, while it runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self) -> None:
        """Serve, at the same port as before a stop."""
        assert self._process is None, "it runs already"
        # master -d stays in the foreground; postfix(1) start would take 3 s for checks of a system installation.
        argv = [str(MASTER_PROGRAM), "-c", str(self.folder / "etc"), "-d"]
        self._process = Process(argv, self.folder / "master.log")
        try:
            self._process.wait_ready(lambda: is_listening(self.port))
        except RuntimeError as failed:
            self._process = None
            raise RuntimeError(f"{failed}\n{self.log_text()}{self._complaint()}") from failed

    def stop(self) -> None:
        """End Postfix, as a smarthost that goes down; connections to the port are refused until start."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        """Stop for good and remove every trace."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        if self.dovecot is not None:
            self.dovecot.stop()
        shutil.rmtree(self.folder)

    def mails(self, recipient: str) -> list[bytes]:
        """The mails in a recipient's mailbox, oldest first, lines ending in LF, with Postfix's trace headers on top."""
        wanted = re.compile(rb"^X-Original-To: " + re.escape(recipient.encode()) + rb"$", re.MULTILINE | re.IGNORECASE)
        return [mail for mail in self.all_mails() if wanted.search(mail.partition(b"\n\n")[0])]

    def all_mails(self) -> list[bytes]:
        """Every mail delivered since start or the last `forget`, oldest first, one for each recipient."""
        delivered = (self.folder / "mail" / "new").glob("*")
        return [path.read_bytes() for path in sorted(delivered, key=lambda path: path.stat().st_mtime_ns)]

    def wait_for_mails(self, recipient: str, count: int = 1, timeout_s: float = 20) -> list[bytes]:
        """The recipient's mails as soon as there are at least `count`.

        Raises:
            TimeoutError: fewer arrived in time; the text ends with Postfix's log.
        """
        try:
            wait_until(lambda: len(self.mails(recipient)) >= count, timeout_s, f"{count} mails for {recipient}")
        except TimeoutError as late:
            raise TimeoutError(f"{late}\n{self.log_text()}") from late
        return self.mails(recipient)

    async def mails_arrive(self, recipient: str, count: int = 1, timeout_s: float = 20) -> list[bytes]:
        """The same as wait_for_mails for a test on the event loop."""
        try:
            await until(lambda: len(self.mails(recipient)) >= count, timeout_s, f"{count} mails for {recipient}")
        except TimeoutError as late:
            raise TimeoutError(f"{late}\n{self.log_text()}") from late
        return self.mails(recipient)

    def forget(self) -> None:
        """Empty every mailbox, so that the next test starts clean on a server it shares."""
        for path in (self.folder / "mail" / "new").glob("*"):
            path.unlink()

    def log_text(self) -> str:
        """Postfix's log since the first start."""
        log = self.folder / "maillog"
        return log.read_text(errors="replace") if log.exists() else ""

    def _complaint(self) -> str:
        """What Postfix has against its settings; it says so early on to a terminal only, which script(1) lends it."""
        asked = f"postfix -c {self.folder / 'etc'} check"
        done = subprocess.run(
            ["script", "-qec", asked, "/dev/null"], capture_output=True, text=True, check=False, timeout=CHECK_S
        )
        return done.stdout

    def _write(self, settings: Mapping[str, str]) -> None:
        etc = self.folder / "etc"
        etc.mkdir()
        (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (etc / "master.cf").write_text(MASTER_CF.format(address=ADDRESS, port=self.port))
        # Postfix reads a file it finds younger than a second again and again until it is not (measured: 1.8 s).
        for name in ("main.cf", "master.cf"):
            os.utime(etc / name, (0, 0))
        make_queue(self.folder, pwd.getpwnam("postfix").pw_uid)
        mail = self.folder / "mail"
        for box in (mail, mail / "cur", mail / "new", mail / "tmp"):
            box.mkdir(mode=0o700)
            os.chown(box, MAIL_USER_ID, MAIL_USER_ID)

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise


def _access_settings(dovecot: Dovecot | None, client_authority: Path | None) -> dict[str, str]:
    if dovecot is not None:
        return {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:{ADDRESS}:{dovecot.port}",
            "smtpd_tls_auth_only": "yes",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
        }
    if client_authority is not None:
        return {
            "smtpd_tls_CAfile": str(client_authority),
            "smtpd_tls_req_ccert": "yes",
            "smtpd_tls_ask_ccert": "yes",
            "smtpd_relay_restrictions": "permit_tls_all_clientcerts, reject",
        }
    return {}
