import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services.features import Encoder, cohort_arrays
from core.store import people

VALUES = (
    st.none()
    | st.integers(-1000, 1000)
    | st.floats(allow_nan=True, width=32)
    | st.text("abc", max_size=2)
    | st.booleans()
)
DOCUMENTS = st.lists(st.dictionaries(st.sampled_from("uvwxyz"), VALUES), max_size=8)


def test_numbers_are_standardised_and_a_missing_one_is_the_mean():
    encoder = Encoder.learn([{"age": 20}, {"age": 40}, {}])
    np.testing.assert_allclose(
        encoder.encode([{"age": 20}, {"age": 40}, {}, {"age": ""}]), [[-1], [1], [0], [0]]
    )


def test_text_becomes_one_column_a_value_and_an_unknown_one_none():
    encoder = Encoder.learn([{"sex": "female"}, {"sex": "male"}])
    assert encoder.categories == (("sex", "female"), ("sex", "male"))
    np.testing.assert_array_equal(
        encoder.encode([{"sex": "male"}, {"sex": "other"}, {"sex": None}]), [[0, 1], [0, 0], [0, 0]]
    )


def test_lists_of_text_set_several_columns():
    encoder = Encoder.learn([{"genres": ["drama", "war"]}, {"genres": ["comedy"]}])
    np.testing.assert_array_equal(encoder.encode([{"genres": ["war", "comedy"]}]), [[1, 0, 1]])


def test_what_never_varies_and_names_are_left_out():
    documents = [{"name": f"n{i}", "height": 170, "text": f"unique {i}", "site": "A"} for i in range(60)]
    assert Encoder.learn(documents) == Encoder()


def test_numbers_written_as_text_in_places_are_categories():
    assert Encoder.learn([{"level": 1}, {"level": "two"}]).categories == (("level", "1"), ("level", "two"))


@given(DOCUMENTS, DOCUMENTS)
def test_any_documents_give_finite_rows_of_the_same_width(learnt, later):
    encoder = Encoder.learn(learnt)
    rows = encoder.encode([*learnt, *later])
    assert rows.shape == (len(learnt) + len(later), len(encoder.numbers) + len(encoder.categories))
    assert np.isfinite(rows).all()


@given(DOCUMENTS)
def test_an_encoder_survives_json(documents):
    encoder = Encoder.learn(documents)
    assert Encoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder


def test_a_cohort_comes_in_order_with_empty_histories_kept(store):
    arrays = cohort_arrays(store, 1)
    assert arrays.client_ids == tuple(sorted(people.client_ids(store.db, 1).values()))
    assert [len(history) for history in arrays.histories] == [30] * 23 + [0]
    assert arrays.profiles.shape == (24, 3)
    assert len(arrays.exercises) == len(arrays.exercise_ids) == 12
    assert max(max(history, default=0) for history in arrays.histories) < 12


def test_the_fingerprint_changes_with_the_data(store):
    before = cohort_arrays(store, 1).fingerprint()
    assert cohort_arrays(store, 1).fingerprint() == before
    with store.change("profile", by="system", subject="x") as change:
        people.add_documents(change.db, "profile", {1: {"age": 33, "sex": "male"}})
    assert cohort_arrays(store, 1).fingerprint() != before


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_is_none_counts_as_missing(value):
    encoder = Encoder.learn([{"bmi": 20.0}, {"bmi": 30.0}, {"bmi": value}])
    np.testing.assert_allclose(encoder.encode([{"bmi": value}]), [[0]])
