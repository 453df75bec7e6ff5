"""The process that reads a configuration for ``conf.apart``: its path is the argument, a pickle the answer."""

import os
import pickle
import sys
from pathlib import Path

from conf.load import load


def main() -> None:
    """Read, check and answer. What else is printed here goes to stderr: stdout is the answer's alone."""
    answer = os.dup(1)
    os.dup2(2, 1)
    found = load(Path(sys.argv[1]), os.environ)
    with os.fdopen(answer, "wb") as pipe:
        pickle.dump(found, pipe)


if __name__ == "__main__":
    main()
