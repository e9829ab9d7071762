"""``python -m mpviz`` is the command `mpviz`."""

from mpviz.cli import main

if __name__ == "__main__":
    main()
