import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNT = """
import ctypes, threading
from gateway import heap
{first}
taken, together = [], threading.Barrier(4)
def take():
    together.wait()
    taken.append([bytearray(5000) for _ in range(20)])
    together.wait()
threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.parametrize(("first", "is_one"), [("heap.keep_one()", True), ("", False)])
def test_threads_share_one_heap(first, is_one):
    """Threads that take memory at the same time take it from one heap; left alone, the C library gives them several."""
    command = [sys.executable, "-c", COUNT.format(first=first)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert (ended.stdout.count("<heap nr=") == 1) is is_one, ended.stdout
