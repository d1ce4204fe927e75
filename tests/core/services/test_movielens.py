import os
from itertools import pairwise
from pathlib import Path

import pytest

from core.errors import InputError
from core.services import movielens
from tests import fake_movielens as fake

REAL = os.environ.get("SPOTTER_MOVIELENS")


def test_histories_are_in_order_of_time_with_ties_in_the_order_of_the_file(tmp_path):
    data = movielens.read(tmp_path, None, sha256=fake.write(tmp_path))
    assert data.films == (10, 30, 20)
    assert data.names == ("Été (1996)", "Third (1990)", "unknown")
    assert data.users == (1, 2, 3)
    assert data.histories == [[2, 1, 0], [0, 1], [0]]
    assert data.times == [[100, 200, 200], [100, 100], [50]]
    assert data.profiles[1] == {"age": 53, "gender": "F", "occupation": "other"}
    assert data.exercises == [
        {"genres": ["Comedy", "Drama"], "year": 1996},
        {"genres": ["War"], "year": 1990},
        {"genres": []},
    ]


def test_only_the_most_rated_films_are_kept(tmp_path):
    data = movielens.read(tmp_path, 2, sha256=fake.write(tmp_path))
    assert (data.films, data.histories) == ((10, 30), [[1, 0], [0, 1], [0]])
    with pytest.raises(InputError, match="at least 1"):
        movielens.read(tmp_path, 0)


def test_an_altered_copy_is_refused(tmp_path):
    digest = fake.write(tmp_path)
    with pytest.raises(InputError, match=f"not the original.*begins {digest[:8]}.*06416e59"):
        movielens.read(tmp_path)
    with (tmp_path / "u.data").open("ab") as file:
        file.write(b"9\t9\t9\t9\n")
    with pytest.raises(InputError, match="not the original"):
        movielens.read(tmp_path, sha256=digest)


@pytest.mark.parametrize("name", ["u.data", "u.item", "u.user"])
def test_a_missing_file_is_named(tmp_path, name):
    digest = fake.write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        movielens.read(tmp_path, sha256=digest)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("u.item", "10|only|three\n", "Line 1 of u.item"),
        ("u.user", "1|24|M|technician|85711\nx|1|M|other|1\n", "Line 2 of u.user"),
        ("u.user", "1|24|M|technician|85711\n", "does not fit u.data"),
        ("u.user", "1|old|M|technician|1\n2|1|M|a|1\n3|1|M|a|1\n", "does not fit u.data"),
    ],
)
def test_side_files_that_do_not_fit_are_named(tmp_path, name, content, sentence):
    digest = fake.write(tmp_path)
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=sentence):
        movielens.read(tmp_path, sha256=digest)


@pytest.mark.skipif(not REAL, reason="SPOTTER_MOVIELENS names no folder with MovieLens 100K")
def test_the_real_data_has_the_known_counts():
    data = movielens.read(Path(REAL))
    lengths = [len(history) for history in data.histories]
    assert (len(data.users), len(data.films), sum(lengths)) == (943, 100, 29_931)
    assert (min(lengths), max(lengths)) == (2, 93)
    assert sum(max(0, length - 3) for length in lengths) == 27_106
    tied = sum(a == b for times in data.times for a, b in pairwise(times))
    assert 0.28 < tied / (sum(lengths) - len(lengths)) < 0.34
    everything = movielens.read(Path(REAL), None)
    assert (len(everything.films), sum(map(len, everything.histories))) == (1682, 100_000)
