"""MovieLens 100K from a folder that the user names: people who rate films stand for clients who exercise.

The licence forbids passing the data on, so Spotter ships none of it and checks the copy it is shown.
F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError

SHA256 = "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
"""Of u.data as GroupLens publishes it; many copies in circulation are altered."""

DOWNLOAD = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)


@dataclass(frozen=True, slots=True)
class MovieLens:
    """Ratings as histories. Row i of ``users``, ``profiles``, ``histories`` and ``times`` is one person.

    Attributes:
        users: ids, ascending; only people who rated at least one of the films.
        profiles: documents with age, gender and occupation.
        histories: positions in ``films``, in order of time; equal times in the order of the file.
        times: Unix seconds beside each entry of ``histories``.
        films: ids, the most rated first, equal counts by id.
        names: titles of ``films``.
        exercises: documents of ``films`` with year and genres.
    """

    users: tuple[int, ...]
    profiles: list[dict[str, Any]]
    histories: list[list[int]]
    times: list[list[int]]
    films: tuple[int, ...]
    names: tuple[str, ...]
    exercises: list[dict[str, Any]]


def read(folder: Path, top: int | None = 100, *, sha256: str = SHA256) -> MovieLens:
    """Read u.data, u.item and u.user, and keep the ratings of the ``top`` most rated films (None: of all).

    With the 100 most rated films these are 29,931 ratings by 943 people; 30 % of consecutive ratings
    share a timestamp, so the order of equal times matters to any figure.

    Args:
        sha256: what u.data must hash to.

    Raises:
        InputError: if a file is missing, unreadable, or u.data is an altered copy.
    """
    if top is not None and top < 1:
        raise InputError(f"top is {top}; it must be at least 1, or None for every film.")
    ratings = _ratings(folder, sha256)
    titles = {int(cells[0]): cells for cells in _rows(folder, "u.item", "|", 5 + len(GENRES))}
    people = {int(cells[0]): cells for cells in _rows(folder, "u.user", "|", 5)}
    rated = Counter(film for _, film, _ in ratings)
    films = tuple(sorted(rated, key=lambda film: (-rated[film], film))[:top])
    position = {film: index for index, film in enumerate(films)}
    entries: dict[int, list[tuple[int, int]]] = {}
    for user, film, time in ratings:
        if film in position:
            entries.setdefault(user, []).append((time, position[film]))
    users = tuple(sorted(entries))
    for user in users:
        entries[user].sort(key=lambda entry: entry[0])
    try:
        return MovieLens(
            users=users,
            profiles=[_profile(people[user]) for user in users],
            histories=[[film for _, film in entries[user]] for user in users],
            times=[[time for time, _ in entries[user]] for user in users],
            films=films,
            names=tuple(titles[film][1] for film in films),
            exercises=[_film(titles[film]) for film in films],
        )
    except (KeyError, ValueError) as error:
        raise InputError(
            f"u.item or u.user in {folder} does not fit u.data (at {error}). Unpack {DOWNLOAD} again."
        ) from error


def _ratings(folder: Path, sha256: str) -> list[tuple[int, int, int]]:
    """(user, film, Unix seconds) in the order of the file."""
    data = _bytes(folder, "u.data")
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise InputError(
            f"u.data in {folder} is not the original MovieLens 100K: its SHA-256 begins {digest[:8]}, the original's "
            f"{sha256[:8]}. The copy was altered or cut; take the one from {DOWNLOAD}."
        )
    cells = (line.split(b"\t") for line in data.splitlines())
    return [(int(user), int(film), int(time)) for user, film, _, time in cells]


def _rows(folder: Path, name: str, separator: str, width: int) -> list[list[str]]:
    rows = []
    for number, line in enumerate(_bytes(folder, name).decode("latin-1").split("\n"), start=1):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split(separator)
        if len(cells) != width or not (cells[0].isascii() and cells[0].isdigit()):
            raise InputError(
                f"Line {number} of {name} in {folder} is not as MovieLens 100K has it. Unpack {DOWNLOAD} again."
            )
        rows.append(cells)
    return rows


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (Path(folder) / name).read_bytes()
    except OSError as error:
        raise InputError(
            f"{name} cannot be read in {folder} ({error.strerror}). "
            f"Name the folder that holds u.data, u.item and u.user, as unpacked from {DOWNLOAD}."
        ) from error


def _profile(cells: list[str]) -> dict[str, Any]:
    return {"age": int(cells[1]), "gender": cells[2], "occupation": cells[3]}


def _film(cells: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "genres": [name for name, flag in zip(GENRES, cells[5:], strict=True) if flag == "1"]
    }
    if cells[2]:
        document["year"] = int(cells[2].rsplit("-", 1)[-1])
    return document
