"""What the fork server does once, in place of every child."""

import os
import subprocess
import sys

from image.confined.rehearsal import rehearse
from tests.image.processes import open_files

CHILD = """
import sys
from image.confined import forkserver
from image.confined.rehearsal import rehearse
for name in forkserver.PRELOADED:
    __import__(name)
rehearse()
before = set(sys.modules)
rehearse()
print(*sorted(set(sys.modules) - before))
"""


def test_it_goes_through():
    """The pictures are good ones: it raises nothing, and leaves no file open."""
    before = open_files(os.getpid())
    rehearse()
    assert open_files(os.getpid()) == before


def test_the_second_conversion_loads_nothing():
    """What a conversion loads late is loaded once it has been rehearsed."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
