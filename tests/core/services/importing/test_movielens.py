import os
from pathlib import Path

import pytest

from core.errors import Conflict, InputError
from core.services import gating, movielens
from core.services.importing import Kind, Need, check, take
from core.store import audit, exercises, people
from tests import fake_movielens

REAL = os.environ.get("SPOTTER_MOVIELENS")
COHORT = "MovieLens 100K (films)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "elsewhere" / "ml-100k"
    monkeypatch.setattr(movielens, "SHA256", fake_movielens.write(path))
    return path


def histories(store):
    cohort = people.cohort(store.db, COHORT)
    assert not cohort["synthetic"]
    names = {row["id"]: row["name"] for row in exercises.exercises(store.db, cohort["id"])}
    clients = {key: reference for reference, key in people.client_ids(store.db, cohort["id"]).items()}
    logs = exercises.histories(store.db, cohort["id"])
    return {clients[client]: [names[film] for film in films] for client, films in logs.items()}


@pytest.mark.parametrize("named", [".", "..", "u.data"])
def test_films_become_a_cohort_of_their_own(store, folder, named):
    report = check(store, folder / named, cohort="My clients")
    assert (report.kind, report.rows_read, report.needs) == (Kind.MOVIELENS, 6, ())
    assert report.counts == {"rows to add": 6, "new clients": 3, "new exercises": 3}
    taken = take(store, report, by="test")
    assert taken.cohort == COHORT
    assert histories(store) == {
        "1": ["unknown", "Third (1990)", "Été (1996)"],
        "2": ["Été (1996)", "Third (1990)"],
        "3": ["Été (1996)"],
    }
    profiles = people.newest_profiles(store.db, taken.cohort_id)
    assert {"age": 53, "gender": "F", "occupation": "other"} in profiles.values()
    taken_in, switched = audit.recent(store.db)
    assert report.sha256 in taken_in["detail"]
    assert switched["action"] == "switch safety gate off"
    on, why = gating.is_on(store, taken.cohort_id)
    assert not on
    assert "Films stand for exercises" in why
    judged = gating.judge_many(store, people.client_ids(store.db, taken.cohort_id).values())
    assert not any(one.masks_everything for one in judged.values())


def test_the_same_copy_is_not_taken_twice(store, folder):
    report = check(store, folder)
    take(store, report, by="test")
    assert check(store, folder).needs == (Need.TAKEN_BEFORE,)
    with pytest.raises(Conflict):
        take(store, report, by="test")


def test_an_altered_or_missing_copy_is_a_sentence(store, folder, tmp_path):
    (folder / "u.data").write_bytes(b"1\t1\t1\t1\n")
    with pytest.raises(InputError, match="not the original"):
        check(store, folder)
    with pytest.raises(InputError, match="cannot be read"):
        check(store, tmp_path)
    with pytest.raises(InputError, match="Name the folder"):
        check(store, ("u.data", b"1"), kind="movielens")


@pytest.mark.skipif(not REAL, reason="SPOTTER_MOVIELENS names no folder with MovieLens 100K")
def test_the_real_data_arrives_as_it_was_read(store):
    report = check(store, Path(REAL))
    assert report.counts == {"rows to add": 29_931, "new clients": 943, "new exercises": 100}
    take(store, report, by="test")
    data = movielens.read(Path(REAL))
    expected = {
        str(user): [data.names[film] for film in history]
        for user, history in zip(data.users, data.histories, strict=True)
    }
    assert histories(store) == expected
