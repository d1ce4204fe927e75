"""A folder of the same format as MovieLens 100K, made up."""

import hashlib

from core.services.movielens import GENRES

RATINGS = (
    (1, 30, 5, 200),
    (2, 10, 3, 100),
    (1, 10, 4, 200),
    (1, 20, 4, 100),
    (3, 10, 1, 50),
    (2, 30, 2, 100),
)
"""User, film, rating, time: film 10 has three ratings, film 30 two, film 20 one."""


def write(folder):
    """Write the three files, with a film without a date and letters beyond ASCII; returns u.data's SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    data = "".join("\t".join(map(str, row)) + "\n" for row in RATINGS).encode()
    (folder / "u.data").write_bytes(data)
    flags = {10: ("Comedy", "Drama"), 20: (), 30: ("War",)}
    items = [(10, "Été (1996)", "01-Jan-1996"), (20, "unknown", ""), (30, "Third (1990)", "02-Feb-1990")]
    lines = [
        "|".join([str(film), title, day, "", "", *("1" if genre in flags[film] else "0" for genre in GENRES)])
        for film, title, day in items
    ]
    (folder / "u.item").write_bytes("\n".join(lines).encode("latin-1") + b"\n")
    (folder / "u.user").write_bytes(b"1|24|M|technician|85711\n2|53|F|other|94043\n3|23|M|writer|T8H1N\n")
    return hashlib.sha256(data).hexdigest()
