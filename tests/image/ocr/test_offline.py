import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import socket, subprocess, sys
from image.ocr.offline import go_offline
assert go_offline()
socket.socketpair()
socket.socket(socket.AF_UNIX).close()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family)
    except PermissionError:
        continue
    raise SystemExit(f"{family} is open")
inner = "import socket\\ntry:\\n    socket.socket()\\nexcept PermissionError:\\n    print('closed')"
print(subprocess.run([sys.executable, "-c", inner], capture_output=True, text=True).stdout)
"""


def test_no_network_here_or_in_what_is_started():
    """After it, local sockets can be opened and no others, by this program and by those it starts."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "closed"), done.stderr
