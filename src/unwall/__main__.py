"""`python -m unwall` is `unwall`."""

from unwall.cli import main

if __name__ == "__main__":
    main()
