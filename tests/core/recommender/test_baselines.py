import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, NoModel
from core.recommender.baselines import ItemKNN, Markov, Popularity

ALL = [Popularity, Markov, ItemKNN]
HISTORIES = [[0, 1, 0, 1, 2], [1, 2, 1]]


@pytest.mark.parametrize("kind", ALL)
@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=5))
def test_rows_are_distributions(kind, histories):
    if not any(histories):
        with pytest.raises(InputError, match="no target"):
            kind().fit(histories)
        return
    model = kind().fit(histories, None, np.eye(6))
    rows = model.predict_proba([*histories, []])
    assert rows.shape == (len(histories) + 1, 6)
    assert (rows > 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_popularity_is_how_often_plus_one():
    rows = Popularity().fit(HISTORIES, None, np.eye(4)).predict_proba([[0], []])
    np.testing.assert_allclose(rows, np.array([[3, 5, 3, 1]] * 2) / 12)


def test_markov_follows_the_last_exercise():
    model = Markov(smoothing=2).fit(HISTORIES)
    popularity = np.array([3, 5, 3]) / 11
    # After 1 came 0 once and 2 twice.
    np.testing.assert_allclose(
        model.predict_proba([[0, 2, 1]])[0], (np.array([1, 0, 2]) + 2 * popularity) / 5
    )
    np.testing.assert_allclose(model.predict_proba([[]])[0], popularity)


def test_item_knn_sums_the_cosines_of_what_the_window_holds():
    model = ItemKNN(window=2).fit(HISTORIES)
    # Windows → target: () 0, (0) 1, (0 1) 0, (1 0) 1, (0 1) 2; () 1, (1) 2, (1 2) 1.
    likeness = np.array([[1, 2, 1], [1, 2, 2], [0, 1, 0]]) / np.sqrt(np.outer([4, 5, 1], [2, 4, 2]))
    expected = likeness[0] + likeness[2] + np.array([3, 5, 3]) / 11 / 1000
    np.testing.assert_allclose(model.predict_proba([[1, 0, 2]])[0], expected / expected.sum())
    # An exercise held twice counts once.
    np.testing.assert_allclose(model.predict_proba([[0, 0]]), model.predict_proba([[0]]))


def test_item_knn_keeps_the_nearest_neighbours():
    model = ItemKNN(window=2, neighbours=1).fit(HISTORIES)
    row = model.predict_proba([[2]])[0]
    assert row.argmax() == 1
    assert row[[0, 2]].max() < 0.01


@pytest.mark.parametrize("kind", ALL)
def test_held_out_targets_are_not_counted(kind):
    mask = np.array([True] * 5 + [False] * 3)
    held_out = kind().fit(HISTORIES, targets=mask).predict_proba([[1], [0, 1]])
    alone = kind().fit(HISTORIES[:1]).predict_proba([[1], [0, 1]])
    np.testing.assert_array_equal(held_out, alone)


@pytest.mark.parametrize("kind", ALL)
def test_bad_input_is_named(kind):
    with pytest.raises(NoModel, match="fit"):
        kind().predict_proba([[0]])
    model = kind().fit(HISTORIES)
    with pytest.raises(InputError, match="histories"):
        model.predict_proba([[3]])
    with pytest.raises(InputError, match="0 to 1"):
        kind().fit(HISTORIES, None, np.eye(2))


def test_bad_settings_are_named():
    for make, says in [
        (lambda: Markov(smoothing=0), "smoothing"),
        (lambda: ItemKNN(window=0), "window"),
        (lambda: ItemKNN(neighbours=0), "neighbours"),
    ]:
        with pytest.raises(InputError, match=says):
            make()
