"""Signatures that others verify, made without the message in memory."""

import base64
import contextlib
import hashlib
import importlib.util
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver import dkim_sign
from gateway.deliver.dkim_record import dkim_record
from gateway.deliver.dkim_sign import Signer, body_digest, read_key
from gateway.deliver.tls import CertificateError
from gateway.spool.job import State
from tests.gateway.deliver.given import MESSAGE, box, config, direct
from tests.peers.certificates import Certificate
from tests.peers.dkim import lock_key, make_key, verdict
from tests.peers.exchange import Exchange
from tests.peers.script import At, Script

NAME = "scangate._domainkey.contoso.com"
LETTER = (
    b"Received: from x by y\r\nFrom: =?utf-8?q?Scanner?= <scanner@contoso.com>\r\nTo: office@contoso.com,\r\n"
    b"\teve@fabrikam.com\r\nCc: bob@contoso.com\r\nReply-To: alice@contoso.com\r\nSubject:  a\r\n  folded   one\r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@contoso.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n.dot  and spaces \r\n--b--\r\n'
)


@pytest.fixture(scope="module", params=["rsa:2048", "rsa:1024", "ed25519", "PKCS1"])
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A key of each kind that may sign."""
    path = tmp_path_factory.mktemp("key") / "dkim.key"
    return make_key(path, form="PKCS1") if request.param == "PKCS1" else make_key(path, request.param)


def _signed(message: bytes, key: Path, folder: Path) -> bytes:
    path = folder / "message.eml"
    path.write_bytes(message)
    signer = Signer("scangate", "contoso.com", read_key(key))
    header = signer.sign(path)
    assert header == signer.sign(path)
    assert path.read_bytes() == message
    return header + message


def _verified(message: bytes, key: Path) -> bool:
    record = dkim_record(key.read_bytes())
    return bool(
        dkim.verify(message, dnsfunc=lambda name, timeout=0: record.encode() if name.decode() == f"{NAME}." else b"")
    )


@pytest.mark.parametrize(
    "end", [b"", b"\r\n" * 40_000, b"no line end", b"\r", b"\r\n\r"], ids=["none", "empty", "text", "cr", "line-cr"]
)
def test_a_signature_is_verified_by_others(key: Path, tmp_path: Path, end: bytes):
    """Each is verified by dkimpy, those of RSA by Perl's Mail::DKIM too; the same message has the same signature."""
    signed = _signed(LETTER + end, key, tmp_path)
    on_the_wire = signed if signed.endswith(b"\r\n") else signed + b"\r\n"
    assert _verified(on_the_wire, key)
    if read_key(key).algorithm == b"rsa-sha256" and b"\r\r" not in on_the_wire and b"\r\n\r\r\n" not in on_the_wire:
        assert verdict(on_the_wire, NAME, dkim_record(key.read_bytes())) == "pass"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject:  a", b"Subject:  b"),
        (b"<scanner@", b"<boss@"),
        (b"office@contoso", b"office@fabrikam"),
        (b"Reply-To: alice", b"Reply-To: mallory"),
        (b".dot", b"dot"),
        (b"Received:", b"From: boss@contoso.com\r\nReceived:"),
        (b"MIME-Version", b"From: boss@contoso.com\r\nMIME-Version"),
    ],
)
def test_what_is_changed_on_the_way_breaks_it(key: Path, tmp_path: Path, old: bytes, new: bytes):
    """A changed header or body, and a second From wherever it is put, make the signature fail."""
    signed = _signed(LETTER, key, tmp_path)
    assert signed.count(old) == 1
    assert not _verified(signed.replace(old, new), key)


def test_a_header_that_is_not_signed_may_be_added(key: Path, tmp_path: Path):
    """What servers add, and how they fold, leaves the signature valid."""
    signed = _signed(LETTER, key, tmp_path)
    assert _verified(
        b"Received: from a by b\r\n" + signed.replace(b"Subject:  a\r\n  folded", b"subject: a folded"), key
    )


BLOCKS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b"a", b"", b".", b"\r\n\r\n", b"a\r\n", b" \r\n"]), max_size=12
)


@given(BLOCKS)
def test_the_body_is_hashed_in_any_pieces(blocks: list[bytes]):
    """However a body is cut into blocks, its hash is that of dkimpy's own canonicalization of the whole."""
    whole = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/simple").canonicalize_body(b"".join(blocks))
    assert body_digest(blocks) == hashlib.sha256(whole).digest()


def test_a_large_message_is_not_held(key: Path, tmp_path: Path):
    """Signing 35 MB takes a few blocks of memory."""
    path = tmp_path / "message.eml"
    with path.open("wb") as file:
        file.write(LETTER)
        for _ in range(35 * 16):
            file.write(b"A" * 65_534 + b"\r\n")
    signer = Signer("scangate", "contoso.com", read_key(key))
    signer.sign(path)
    tracemalloc.start()
    try:
        signer.sign(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "cannot be read (No such file or directory)"),
        (lambda path: path.write_text("no key"), "holds no private key in PEM form"),
        (lambda path: lock_key(make_key(path)), "needs a passphrase: store the key without one"),
        (lambda path: make_key(path, "ec"), "holds a key that is neither RSA nor Ed25519, or a damaged one"),
        (lambda path: make_key(path, "rsa:512"), "holds a key of 512 bits, which nobody accepts: make one of 2048"),
        (
            lambda path: path.write_text("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n"),
            "holds a key that is neither RSA nor Ed25519, or a damaged one",
        ),
    ],
)
def test_an_unusable_key_is_told(tmp_path: Path, make: Any, why: str):
    """A key that cannot sign is named with the reason, when it is read and by `check`; no bytes of it are."""
    path = tmp_path / "dkim.key"
    make(path)
    with pytest.raises(CertificateError) as error:
        read_key(path)
    assert str(error.value) == f"dkim_key_file: {path} {why}"
    settings = config(tmp_path, direct(25, tmp_path, dkim_selector="s", dkim_key_file=str(path)))
    assert dkim_sign.faults(settings) == [f'[[upstream]] "direct-send": {error.value}']
    assert dkim_sign.warnings(settings) == []


@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_damaged_keys_are_told_and_never_raise_else(noise: bytes, place: int, is_der: bool):  # noqa: FBT001
    """Fuzz: whatever a key file holds, it is a key or a CertificateError."""
    body = base64.encodebytes(dkim_sign._ED25519[:place] + noise) if is_der else noise
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(b"-----BEGIN PRIVATE KEY-----\n" + body + b"\n-----END PRIVATE KEY-----\n")
        with contextlib.suppress(CertificateError):
            assert read_key(path).bits > 0


def test_without_the_extra_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where dkimpy is not installed a signing upstream does not start, and the sentence says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(CertificateError, match=r"install scangate\[dkim\]"):
        read_key(make_key(tmp_path / "dkim.key"))


def test_a_short_key_is_a_warning(tmp_path: Path):
    """1024 bits sign, and `check` warns of them; 2048 bits are silent."""
    for bits, count in ((1024, 1), (2048, 0)):
        path = make_key(tmp_path / f"{bits}.key", f"rsa:{bits}")
        settings = config(tmp_path, direct(25, tmp_path, dkim_selector="s", dkim_key_file=str(path)))
        found = dkim_sign.warnings(settings)
        assert len(found) == count
        assert all("holds a key of 1024 bits, which can be broken: make one of 2048" in one for one in found)
        assert dkim_sign.faults(settings) == []


@pytest.mark.parametrize(("key", "why"), [("ec", "neither RSA"), ("locked", "assword"), ("none", "PEM")])
def test_no_record_of_what_cannot_sign(tmp_path: Path, key: str, why: str):
    """A key of another kind, one with a passphrase and one that is none have no record."""
    path = make_key(tmp_path / "dkim.key", "ec" if key == "ec" else "rsa:2048")
    if key == "locked":
        lock_key(path)
    with pytest.raises(ValueError, match=why):
        dkim_record(b"nothing" if key == "none" else path.read_bytes())


async def test_every_attempt_carries_the_same_signature(server_certificate: Certificate, tmp_path: Path):
    """Over the wire the header stands before the message, whose file is left alone; SIZE counts both."""
    key = make_key(tmp_path / "dkim.key")
    later = Script().on(At.DOT, b"451 4.7.0 later\r\n", nth=1)
    async with Exchange(server_certificate.server_context(), later, needs_login=False) as exchange:
        table = direct(exchange.port, server_certificate.authority, dkim_selector="scangate", dkim_key_file=str(key))
        async with box(config(tmp_path, table)) as opened:
            job_id = opened.ready()
            assert (await opened.deliver(job_id)).state is State.DEFERRED
            assert opened.message(job_id).read_bytes() == MESSAGE
            assert (await opened.deliver(job_id)).state is State.SENT
        sizes = [command.line.rpartition(b"SIZE=")[2] for command in exchange.seen.commands if b"MAIL" in command.line]
        refused, message = exchange.messages
        assert refused.content == message.content
        assert message.content.endswith(MESSAGE)
        assert sizes == [b"%d" % len(message.content)] * 2
        assert b"d=contoso.com; s=scangate" in b"".join(message.content[:300].split(b"\r\n"))
        assert verdict(message.content, NAME, dkim_record(key.read_bytes())) == "pass"
