"""A certificate authority of one test session, and every certificate a peer may show, good or bad."""

import datetime as dt
import itertools
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where one certificate lies on the disk, all in PEM.

    `chain` holds the certificate and what leads to its authority, `key` the private key, `both` key and chain in one
    file, `authority` the authority that signed it.
    """

    chain: Path
    key: Path
    both: Path
    authority: Path

    def server_context(self) -> ssl.SSLContext:
        """A server's TLS context that shows this certificate; TLS 1.2 or newer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.chain, self.key)
        return context

    def legacy_server_context(self, only: ssl.TLSVersion) -> ssl.SSLContext:
        """A server's TLS context that speaks one version only, TLS 1.0 and 1.1 included.

        OpenSSL 3 signs TLS 1.0 and 1.1 handshakes only at security level 0 (measured with 3.0.19).
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that these versions are old is the point
            context.minimum_version = only
            context.maximum_version = only
        context.load_cert_chain(self.chain, self.key)
        return context


class Certificates:
    """Issues certificates into one folder; each call makes a new one."""

    def __init__(self, folder: Path):
        """Make the authority that tests trust (`authority_file`), and a second one that nobody trusts."""
        self._folder = folder
        self._numbers = itertools.count(1)
        self._authority = trustme.CA(organization_name="scangate tests")
        self._stranger = trustme.CA(organization_name="unknown authority")
        self.authority_file: Final = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.authority_file)
        self._stranger_file = folder / "stranger.pem"
        self._stranger.cert_pem.write_to_path(self._stranger_file)

    def server(self, *names: str) -> Certificate:
        """A good certificate for these DNS names and addresses; for localhost and 127.0.0.1 when none is given."""
        return self._write(self._authority.issue_cert(*(names or LOOPBACK_NAMES), key_type=trustme.KeyType.RSA))

    def client(self, common_name: str = "gateway.example.org") -> Certificate:
        """A good certificate a client may show, with this common name, which is also its DNS name."""
        issued = self._authority.issue_cert(common_name, common_name=common_name, key_type=trustme.KeyType.RSA)
        return self._write(issued)

    def expired(self, *names: str) -> Certificate:
        """A certificate of the trusted authority that ended on 2021-01-01."""
        ended = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
        return self._write(
            self._authority.issue_cert(
                *(names or LOOPBACK_NAMES),
                not_before=ended - dt.timedelta(days=30),
                not_after=ended,
                key_type=trustme.KeyType.RSA,
            )
        )

    def of_unknown_authority(self, *names: str) -> Certificate:
        """A certificate with the right names, signed by an authority that no test trusts."""
        issued = self._stranger.issue_cert(*(names or LOOPBACK_NAMES), key_type=trustme.KeyType.RSA)
        return self._write(issued, authority=self._stranger_file)

    def client_context(self, shown: Certificate | None = None) -> ssl.SSLContext:
        """A careful client's TLS context: checks chain and names, TLS 1.2 or newer, shows a certificate when given."""
        context = ssl.create_default_context(cafile=str(self.authority_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if shown is not None:
            context.load_cert_chain(shown.chain, shown.key)
        return context

    def careless_client_context(self) -> ssl.SSLContext:
        """A client's TLS context that would speak TLS 1.0, to show that it is not the server which refuses."""
        context = ssl.create_default_context(cafile=str(self.authority_file))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        return context

    def _write(self, issued: trustme.LeafCert, authority: Path | None = None) -> Certificate:
        folder = self._folder / f"{next(self._numbers):03}"
        folder.mkdir()
        written = Certificate(
            chain=folder / "chain.pem",
            key=folder / "key.pem",
            both=folder / "both.pem",
            authority=authority or self.authority_file,
        )
        for number, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(written.chain, append=number > 0)
        issued.private_key_pem.write_to_path(written.key)
        issued.private_key_and_cert_chain_pem.write_to_path(written.both)
        written.key.chmod(0o600)
        written.both.chmod(0o600)
        return written
