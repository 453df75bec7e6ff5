"""``scangate resume``: a person who has mended an upstream need not wait for its next probe."""

from collections.abc import Iterator

from conf.model import Config
from gateway.deliver.route_watch import ask
from gateway.operate.status import is_running
from gateway.spool.traffic import Traffic


def unknown(config: Config, name: str) -> str:
    """Return a sentence when there is no upstream of this name; else an empty one."""
    names = [upstream.name for upstream in config.upstream]
    return "" if name in names else f"there is no upstream {name}; there is {', '.join(names)}"


def ask_for(config: Config, traffic: Traffic, only: str | None) -> Iterator[str]:
    """Ask for each upstream at fault to be tried, or for one of them; yield a line for each. Raises OSError.

    By a file that the service takes away, within 10 s: the journal has one writer.
    """
    at_fault = traffic.pauses()
    names = [one.name for one in config.upstream if one.name in at_fault and only in {None, one.name}]
    when = "with the next scan that waits" if is_running(config.gateway.state) else "when the service starts"
    for name in names:
        ask(config.gateway.state, name)
        yield f"{name}: is tried {when}; scangate status says what comes of it"
    if not names:
        yield "no upstream is at fault" if only is None else f"{only}: is not at fault"
