import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from conf.model import Config
from gateway.arrive import certificate, lan_tls
from gateway.deliver.tls import upstream_context
from gateway.spool import durable
from tests.gateway.spool.given import config
from tests.peers.certificates import Certificates

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def configured(root: Path, **changed: object) -> Config:
    """A configuration whose listener has TLS, with a state directory that is there."""
    (root / "state").mkdir(exist_ok=True)
    table = {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"], "tls": "starttls"}
    return config(root, smtp=[{**table, **changed}])


def made(root: Path, **changed: object) -> ssl.SSLContext:
    """The context of that listener."""
    configured_ = configured(root, **changed)
    context = lan_tls.context_of(configured_, configured_.smtp[0])
    assert context is not None
    return context


def own(root: Path) -> x509.Certificate:
    """The certificate that lies in the state directory."""
    return x509.load_pem_x509_certificate((root / "state" / lan_tls.OWN).read_bytes())


def test_without_tls_there_is_no_context_and_no_certificate(tmp_path):
    """A listener in the clear makes nothing."""
    plain = configured(tmp_path, tls="off")
    assert lan_tls.context_of(plain, plain.smtp[0]) is None
    assert list((tmp_path / "state").iterdir()) == []


def test_our_own_certificate_is_one_that_old_devices_know(tmp_path):
    """RSA-2048, our name and address, valid whatever the device's clock says, and one to be trusted by itself."""
    made(tmp_path)
    shown = own(tmp_path)
    key = shown.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert shown.not_valid_before_utc.year == 2000
    assert shown.not_valid_after_utc == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["scangate"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert shown.issuer == shown.subject
    shown.verify_directly_issued_by(shown)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "localhost:0"])
def test_the_address_is_the_one_on_the_devices_side(tmp_path, listen):
    """Where the listener names no address, the certificate names the one from which the devices are reached."""
    made(tmp_path, listen=listen)
    names = own(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_our_own_certificate_is_made_once_and_kept_from_others(tmp_path):
    """Every start and every listener shows the same one; nobody but the service's user may read the key."""
    path = tmp_path / "state" / lan_tls.OWN
    made(tmp_path)
    first = path.read_bytes()
    made(tmp_path, legacy_tls=True)
    assert path.read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("rest", [b"", b"half a file", None])
def test_a_damaged_certificate_of_our_own_is_made_anew(tmp_path, rest):
    """What a failing card left of it does not stop the service: a new one is made, and the log says so."""
    made(tmp_path)
    path = tmp_path / "state" / lan_tls.OWN
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if rest is None else rest)
    with capture_logs() as logged:
        made(tmp_path)
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY")
    assert [line["event"] for line in logged] == ["local-fault"]


def test_a_crash_at_any_step_leaves_none_or_a_whole_one(tmp_path, monkeypatch):
    """Stopped anywhere while it is made, the next start goes on with a whole one or makes it."""
    steps: list[str] = []
    monkeypatch.setattr(durable, "checkpoint", steps.append)
    made(tmp_path)
    whole = (tmp_path / "state" / lan_tls.OWN).read_bytes()
    monkeypatch.setattr(certificate, "make", lambda *_: whole)
    assert len(steps) > 4
    for number in range(len(steps)):
        root = tmp_path / str(number)
        root.mkdir()
        left = iter([None] * number)

        def stop(_step: str, left: object = left) -> None:
            try:
                next(left)  # type: ignore[call-overload]
            except StopIteration:
                raise KeyboardInterrupt from None

        monkeypatch.setattr(durable, "checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            made(root)
        path = root / "state" / lan_tls.OWN
        assert not path.exists() or path.read_bytes() == whole
        monkeypatch.setattr(durable, "checkpoint", lambda _: None)
        made(root)
        assert path.read_bytes() == whole
        assert [one.name for one in path.parent.iterdir()] == [lan_tls.OWN]


def test_case_48_the_two_sides_share_nothing(tmp_path):
    """Case 48: with TLS 1.0 admitted towards devices the upstream still demands 1.2, its ciphers and a certificate."""
    ours, theirs = made(tmp_path, legacy_tls=True), upstream_context(None, None)
    assert ours is not theirs
    assert ours.minimum_version == ssl.TLSVersion.TLSv1
    assert theirs.minimum_version == ssl.TLSVersion.TLSv1_2
    assert theirs.verify_mode == ssl.CERT_REQUIRED
    assert {one["name"] for one in theirs.get_ciphers()} == {
        one["name"] for one in ssl.create_default_context().get_ciphers()
    }


def test_a_pair_that_cannot_be_used_is_named(tmp_path):
    """A key of another certificate or a missing file: ``check`` says which keys and files, and the mend."""
    certificates = Certificates(tmp_path)
    one, other = certificates.server(), certificates.server()
    right = configured(tmp_path, certificate_file=one.chain, key_file=one.key)
    assert lan_tls.faults(right) == []
    wrong = configured(tmp_path, certificate_file=one.chain, key_file=other.key)
    (sentence,) = lan_tls.faults(wrong)
    assert sentence == (
        f"smtp.smtp.certificate_file, key_file: {one.chain} and {other.key} do not go together, "
        "or the key needs a passphrase: store it without one"
    )
    with pytest.raises(lan_tls.LanTlsError, match="do not go together"):
        lan_tls.context_of(wrong, wrong.smtp[0])
    missing = configured(tmp_path, certificate_file=tmp_path / "none", key_file=other.key)
    assert "cannot be read: No such file" in lan_tls.faults(missing)[0]
    assert lan_tls.faults(configured(tmp_path, certificate_file=one.chain, key_file=other.key, tls="off")) == []


def test_a_certificate_that_ends_is_told_a_month_before(tmp_path):
    """From 30 days before its end on a certificate is warned of, then that it has ended; the service goes on."""
    shown = Certificates(tmp_path).expired()
    configured_ = configured(tmp_path, certificate_file=shown.chain, key_file=shown.key)
    ended = datetime(2021, 1, 1, tzinfo=UTC)
    assert lan_tls.warnings(configured_.smtp, ended - timedelta(days=31)) == []
    (soon,) = lan_tls.warnings(configured_.smtp, ended - timedelta(days=29))
    assert f"{shown.chain} ends on 2021-01-01" in soon
    (late,) = lan_tls.warnings(configured_.smtp, NOW)
    assert f"{shown.chain} ended on 2021-01-01" in late
    assert lan_tls.faults(configured_) == []
    unreadable = configured(tmp_path, certificate_file=shown.key, key_file=shown.key)
    assert lan_tls.warnings(unreadable.smtp, NOW) == []
    assert lan_tls.warnings(configured(tmp_path, tls="off").smtp, NOW) == []
