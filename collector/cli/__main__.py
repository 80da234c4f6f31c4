"""`python -m collector.cli`: the same as `collect`."""

from collector.cli import main

if __name__ == "__main__":
    main()
