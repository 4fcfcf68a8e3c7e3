"""The benches' command line."""

import sys

from bench.frame import main

sys.exit(main(sys.argv[1:]))
