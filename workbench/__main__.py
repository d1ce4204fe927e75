"""``python3 -m workbench``: the one way in."""

import sys

# This comes before anything else is imported, and is written so that an old Python can read it.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Spotter needs Python 3.11 or newer, and this is Python {}.{}. Install a newer one "
        "(https://www.python.org/downloads/) and start again with it, for example: "
        "python3.12 -m workbench".format(*sys.version_info[:2])
    )

from workbench.start.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
