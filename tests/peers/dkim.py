"""Verifiers of DKIM signatures that share nothing with who signs: Perl's Mail::DKIM, and keys made by OpenSSL."""

import subprocess
from pathlib import Path
from typing import Final

_VERIFY: Final = """
use Mail::DKIM::Verifier;
use Net::DNS;
my ($name, $record) = @ARGV;
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
    my ($asked) = @_;
    return lc $asked eq lc $name ? (Net::DNS::RR->new(name => $asked, type => 'TXT', txtdata => $record)) : ();
};
my $verifier = Mail::DKIM::Verifier->new();
binmode STDIN;
while (read STDIN, my $block, 65536) { $verifier->PRINT($block); }
$verifier->CLOSE;
print $verifier->result_detail;
"""


def verdict(message: bytes, name: str, record: str) -> str:
    """What Mail::DKIM says of a message on the wire when DNS has this one record: ``pass``, or ``fail`` and why."""
    command = ["perl", "-e", _VERIFY, name, record]
    return subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()


def make_key(path: Path, kind: str = "rsa:2048", *, form: str = "PKCS8") -> Path:
    """A private key by OpenSSL: ``rsa:BITS`` or ``ed25519`` or ``ec``; ``form`` PKCS1 is the older one of RSA."""
    algorithm = {
        "ed25519": ["-algorithm", "ed25519"],
        "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    }.get(kind, ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind.removeprefix('rsa:')}"])
    _openssl("genpkey", *algorithm, "-out", str(path))
    if form == "PKCS1":
        _openssl("rsa", "-traditional", "-in", str(path), "-out", str(path))
    path.chmod(0o600)
    return path


def lock_key(path: Path) -> None:
    """Put a passphrase on a key."""
    plain = path.rename(path.with_suffix(".plain"))
    _openssl("pkcs8", "-topk8", "-in", str(plain), "-out", str(path), "-passout", "pass:secret")


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], capture_output=True, check=True)
