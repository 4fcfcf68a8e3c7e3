"""The benches' command line."""

import os
import sys

from bench.frame import main

# else each server that a bench starts compiles a thousand modules, which is none of its figures
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.exit(main(sys.argv[1:]))
