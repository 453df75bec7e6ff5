"""TLS between devices and the box: contexts that admit what old devices speak, and the certificate they are shown.

Never shared with the upstream side (``gateway/deliver/tls.py``).
"""

import socket
import ssl
import warnings as python_warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from conf.model import Config, Smtp
from conf.spelling import is_ip, listen_address
from gateway import pem
from gateway.arrive import certificate
from gateway.events import Event, log
from gateway.spool import durable

OWN: Final = "lan-tls.pem"
"""Key and certificate of our own making, in the state directory: one file, so that a crash cannot part them."""

_SOON: Final = timedelta(days=30)
_DISCARD_PORT: Final = 9


class LanTlsError(Exception):
    """A listener cannot speak TLS; the sentence names the key and the mend."""


def device_context(chain: Path, key: Path | None, *, is_legacy: bool) -> ssl.SSLContext:
    """Return the context for devices: TLS 1.2 or newer; ``is_legacy`` admits 1.0 and 1.1.

    The ciphers are OpenSSL's own: Python leaves RSA key exchange out, and with it every TLS 1.2 device that knows no
    other (AES128-SHA refused, measured with 3.11 and OpenSSL 3.0, 2026-11). TLS 1.0 and 1.1 need security level 0.
    Raises OSError or ssl.SSLError when the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if is_legacy:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
    else:
        context.set_ciphers("DEFAULT")
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a password of its own OpenSSL asks for one on the terminal, and the service hangs there.
    context.load_cert_chain(chain, key, password="")
    return context


def context_of(config: Config, rule: Smtp) -> ssl.SSLContext | None:
    """Return the context of a listener, None when it has no TLS; makes our own certificate when it needs one.

    Raises LanTlsError.
    """
    if rule.tls == "off":
        return None
    try:
        if rule.certificate_file is not None:
            return device_context(rule.certificate_file, rule.key_file, is_legacy=rule.legacy_tls)
        return _own_context(config, rule)
    except (OSError, ssl.SSLError) as error:
        raise LanTlsError(_unusable(config, rule, error)) from error


def faults(config: Config) -> list[str]:
    """Return a sentence for each listener whose certificate and key cannot be used. Changes nothing."""
    found = []
    for rule in config.smtp:
        if rule.tls == "off" or rule.certificate_file is None:
            continue
        try:
            device_context(rule.certificate_file, rule.key_file, is_legacy=rule.legacy_tls)
        except (OSError, ssl.SSLError) as error:
            found.append(_unusable(config, rule, error))
    return found


def warnings(rules: Sequence[Smtp], now: datetime) -> list[str]:
    """Return a sentence for each certificate that has ended, or ends within a month; devices that check refuse it."""
    found = []
    for rule in rules:
        if rule.tls == "off" or rule.certificate_file is None:
            continue
        try:
            ends_at = pem.ends_at(rule.certificate_file.read_bytes())
        except (OSError, ValueError):
            continue  # ``faults`` says so
        if ends_at - now < _SOON:
            verb = "ended" if ends_at <= now else "ends"
            found.append(
                f"smtp.{rule.name}.certificate_file: {rule.certificate_file} {verb} on {ends_at:%Y-%m-%d}; printers "
                "that check certificates refuse it then: renew it, and start scangate anew"
            )
    return found


def _own_context(config: Config, rule: Smtp) -> ssl.SSLContext:
    path = config.gateway.state / OWN
    if path.exists():
        try:
            return device_context(path, None, is_legacy=rule.legacy_tls)
        except ssl.SSLError as error:
            log(Event.LOCAL_FAULT, reason=f"{path} cannot be used and is made anew: {error}")
    durable.replace_file(path, [certificate.make(config.gateway.name, _addresses(rule))], mode=0o600)
    return device_context(path, None, is_legacy=rule.legacy_tls)


def _addresses(rule: Smtp) -> list[str]:
    """Return the address under which the devices know this box: the one it listens on, or the one on their side."""
    host, _ = listen_address(rule.listen)
    if is_ip(host) and host not in {"0.0.0.0", "::"}:  # noqa: S104  compared with, not bound to
        return [host]
    device = rule.clients[0].partition("/")[0]
    try:
        # Connecting a datagram socket sends nothing; the kernel says which address it would send from (udp(7)).
        with socket.socket(socket.AF_INET6 if ":" in device else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((device, _DISCARD_PORT))
            return [str(probe.getsockname()[0])]
    except OSError:
        return []  # no way there yet: the name alone will do


def _unusable(config: Config, rule: Smtp, error: Exception) -> str:
    if rule.certificate_file is None:
        return f"gateway.state: {config.gateway.state / OWN} cannot be made or read: {error}"
    why = (
        "do not go together, or the key needs a passphrase: store it without one"
        if isinstance(error, ssl.SSLError)
        else f"cannot be read: {error.args[-1]}"
    )
    return f"smtp.{rule.name}.certificate_file, key_file: {rule.certificate_file} and {rule.key_file} {why}"
