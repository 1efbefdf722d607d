"""bin/test: prepare this clone, then run the whole test suite; arguments go to pytest."""

import os
import sys

from _preparation import PYTHON, RACINE, TESTS, chromium, preparer

SEUL = ("--pdb", "--trace", "--collect-only", "--co", "--fixtures", "--markers", "--help", "-h", "--version")

if __name__ == "__main__":
    preparer(TESTS)
    chromium()
    os.chdir(RACINE)
    arguments = sys.argv[1:]
    # One worker per core; a later -n of the caller counts more.
    repartition = [] if set(SEUL) & set(arguments) else ["-n", "auto", "--dist", "worksteal"]
    os.execv(PYTHON, [str(PYTHON), "-m", "pytest", *repartition, *arguments])
