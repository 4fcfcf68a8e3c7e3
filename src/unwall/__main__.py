"""`python -m unwall` is `unwall`."""

from unwall.cli import main

main()
