"""What is wrong or doubtful about the listeners together: ports, and which table is the rule for which device."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from conf.finding import Finding
from conf.makers import PROFILES
from conf.smtp import Smtp
from conf.spelling import listen_address

_WILDCARDS: Final = {"0.0.0.0", "::"}  # noqa: S104  compared with, not bound to


def listening(listeners: tuple[Smtp, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the ports and clients of all ``[[smtp]]``, by table."""
    for (_, first), (index, second) in combinations(enumerate(listeners), 2):
        if first.listen == second.listen and listen_address(first.listen)[1] != 0:
            yield from _on_one_port(first, second, index)
        elif _same_port(first.listen, second.listen):
            yield Finding(("smtp", index, "listen"), f'takes the port of listener "{first.name}" ({first.listen})')
    for index, listener in enumerate(listeners):
        yield from _doubts(listener, index)


def _on_one_port(first: Smtp, second: Smtp, index: int) -> Iterator[Finding]:
    """Two tables of one port are told apart by their clients, before the first byte: even TLS may differ."""
    theirs = {ipaddress.ip_network(written, strict=False) for written in first.clients}
    for item, written in enumerate(second.clients):
        if ipaddress.ip_network(written, strict=False) in theirs:
            what = f'stands in listener "{first.name}" too, on the same port: name each device in one of them'
            yield Finding(("smtp", index, "clients", item), what)


def _doubts(listener: Smtp, index: int) -> Iterator[Finding]:
    if listen_address(listener.listen)[1] == 0:
        what = "has port 0, a free one at each start: devices cannot know it"
        yield Finding(("smtp", index, "listen"), what, is_warning=True)
    for item, network in enumerate(listener.clients):
        if ipaddress.ip_network(network, strict=False).prefixlen == 0:
            what = "admits everyone who reaches the port: name the devices or their network"
            yield Finding(("smtp", index, "clients", item), what, is_warning=True)
    yield from _unused(listener, index)
    if listener.legacy_tls and listener.tls != "off":
        what = "admits TLS 1.0 and 1.1, which can be broken: keep these devices in a network of their own"
        yield Finding(("smtp", index, "legacy_tls"), what, is_warning=True)


def _unused(listener: Smtp, index: int) -> Iterator[Finding]:
    """What is set and without effect is a switch that somebody forgot: a wrong idea of what the listener does."""
    if listener.tls == "off":
        for key in ("legacy_tls", "certificate_file"):
            if getattr(listener, key):
                yield Finding(("smtp", index, key), 'is not used with tls = "off"', is_warning=True)
    if listener.tls == "starttls" and not PROFILES[listener.profile].shows_tls:
        what = (
            f'is not shown to devices of profile "{listener.profile}", which fail at STARTTLS: take "implicit" or "off"'
        )
        yield Finding(("smtp", index, "tls"), what, is_warning=True)
    if listener.login in {"off", "any"}:
        for key in ("user", "password_file", "password"):
            if getattr(listener, key) is not None:
                yield Finding(("smtp", index, key), f'is not used with login = "{listener.login}"', is_warning=True)
                return


def _same_port(one: str, two: str) -> bool:
    """Tell whether two listeners cannot both start; a wildcard takes the port on every address of its family."""
    (host_one, port_one), (host_two, port_two) = listen_address(one), listen_address(two)
    if port_one != port_two or port_one == 0:
        return False
    if host_one == host_two:
        return True
    same_family = (":" in host_one) == (":" in host_two)
    return same_family and not _WILDCARDS.isdisjoint({host_one, host_two})
