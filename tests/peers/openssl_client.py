"""OpenSSL's own client, as a device that speaks exactly one version of TLS."""

import subprocess

from tests.peers.loopback import ADDRESS

_PATIENCE_S = 20.0


def s_client(port: int, words: bytes, *options: str) -> str:
    """Connect with these options of openssl-s_client(1), say the words in TLS, and listen until the server closes.

    Returned is all that it printed: its report of the handshake, and what the server said.

    At security level 0, as a client of the time of TLS 1.0; with `-starttls smtp` it begins in the clear.
    """
    argv = ["openssl", "s_client", "-connect", f"{ADDRESS}:{port}", "-ign_eof"]
    argv += options if "-cipher" in options else [*options, "-cipher", "DEFAULT:@SECLEVEL=0"]
    ended = subprocess.run(argv, input=words, capture_output=True, check=False, timeout=_PATIENCE_S)
    return (ended.stdout + ended.stderr).decode(errors="replace")
