"""MovieLens 100K as an import: people become clients, films exercises, each rating something done."""

from datetime import UTC, datetime
from pathlib import Path

from core.services import movielens
from core.services.importing import dates
from core.services.importing.report import Findings

COHORT = "MovieLens 100K (films)"
FILMS = 100


def folder_of(path: Path) -> Path | None:
    """The MovieLens folder that a path names: itself, its ``ml-100k``, or the one of u.data; None for no folder."""
    if path.name == "u.data":
        return path.parent
    if not path.is_dir():
        return None
    inner = path / "ml-100k"
    return inner if not (path / "u.data").exists() and inner.is_dir() else path


def check(folder: Path) -> tuple[Findings, int]:
    """Read the 100 most rated films; returns the findings and the number of ratings.

    Raises:
        InputError: if the folder does not hold the original.
    """
    data = movielens.read(folder, FILMS, sha256=movielens.SHA256)
    found = Findings()
    plan = found.plan
    plan.clients = [
        {"reference": str(user), "name": f"Person {user}", "time_zone": "UTC"} for user in data.users
    ]
    plan.documents = {
        "profile": {str(user): doc for user, doc in zip(data.users, data.profiles, strict=True)}
    }
    plan.exercises = [
        {
            "reference": str(film),
            "name": name,
            "category": next(iter(document["genres"]), ""),
            "muscle_group": "",
            "difficulty": None,
            "detail": document,
        }
        for film, name, document in zip(data.films, data.names, data.exercises, strict=True)
    ]
    for user, history, times in zip(data.users, data.histories, data.times, strict=True):
        for position, seconds in zip(history, times, strict=True):
            at = dates.text(datetime.fromtimestamp(seconds, UTC))
            plan.log.append((str(user), at, str(data.films[position]), None, None))
            found.show({"client": f"Person {user}", "time (UTC)": at, "exercise": data.names[position]})
    found.counts = {
        "rows to add": len(plan.log),
        "new clients": len(plan.clients),
        "new exercises": len(plan.exercises),
    }
    found.assumptions += [
        f"Films stand for exercises, the {len(plan.exercises)} most rated ones; "
        "a rating counts as done, whatever its value.",
        "Ratings of the same second keep the order of u.data.",
        "A film's category is its first genre in the order of u.item; all its genres are kept in its details.",
        f"Everything goes into a cohort of its own, “{COHORT}”.",
    ]
    return found, len(plan.log)
