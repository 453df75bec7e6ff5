"""Two network namespaces and a cable between them, which can be pulled. Needs root and iproute2."""

import subprocess
import types
import uuid
from typing import Final, Self

BOX_ADDRESS: Final = "192.0.2.1"  # RFC 5737: for documentation, and here inside the two namespaces only
DEVICE_ADDRESS: Final = "192.0.2.2"


class Cable:
    """``in_box`` and ``in_device`` are what a command is put behind to run at one end."""

    def __init__(self) -> None:
        """Lay it."""
        mark = uuid.uuid4().hex[:8]
        self._box, self._device = f"box-{mark}", f"device-{mark}"
        self.in_box: Final = ("ip", "netns", "exec", self._box)
        self.in_device: Final = ("ip", "netns", "exec", self._device)
        try:
            for name in (self._box, self._device):
                _ip("netns", "add", name)
            ends = ("peer", "name", "far", "netns", self._device)
            _ip("-n", self._box, "link", "add", "near", "type", "veth", *ends)
            for name, end, address in ((self._box, "near", BOX_ADDRESS), (self._device, "far", DEVICE_ADDRESS)):
                _ip("-n", name, "address", "add", f"{address}/30", "dev", end)
                _ip("-n", name, "link", "set", end, "up")
                _ip("-n", name, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Both ends are up."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Remove both namespaces."""
        self.close()

    def pull(self) -> None:
        """Take the device's end out: nothing that either side sends arrives, and neither is told."""
        _ip("-n", self._device, "link", "set", "far", "down")

    def is_listening(self, port: int) -> bool:
        """Tell whether somebody in the box listens on a port."""
        done = subprocess.run([*self.in_box, "ss", "-Hltn", f"sport = :{port}"], capture_output=True, check=True)
        return bool(done.stdout.strip())

    def close(self) -> None:
        """Remove what there is of it."""
        for name in (self._box, self._device):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
