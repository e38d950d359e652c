"""``python -m telltale``: the command line in, an exit status out."""

from telltale.cli import main

if __name__ == "__main__":
    main()
