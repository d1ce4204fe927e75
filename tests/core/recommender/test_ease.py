import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, NoModel
from core.recommender.ease import EASE

HISTORIES = [[0, 1, 2], [1, 2], [0, 3, 0], [2, 1, 3], [3]]


def clients_by_exercises(histories, n):
    done = np.zeros((len(histories), n))
    for row, history in zip(done, histories, strict=True):
        row[history] = 1
    return done


def test_each_column_is_the_ridge_regression_on_the_other_exercises():
    """The constraint B_jj = 0 is the same as leaving exercise j out of its own regression."""
    done, penalty = clients_by_exercises(HISTORIES, 4), 0.7
    weights = EASE(regularisation=penalty).fit(HISTORIES).weights
    for j in range(4):
        others = [i for i in range(4) if i != j]
        x = done[:, others]
        # Ridge as ordinary least squares with rows for the penalty; no formula in common with the closed form.
        rows, wanted = (
            np.vstack([x, np.sqrt(penalty) * np.eye(3)]),
            np.concatenate([done[:, j], np.zeros(3)]),
        )
        np.testing.assert_allclose(
            weights[others, j], np.linalg.lstsq(rows, wanted, rcond=None)[0], atol=1e-12
        )
        assert weights[j, j] == 0


def test_scores_come_from_the_whole_history_without_order_or_repeats():
    model = EASE(regularisation=0.5).fit(HISTORIES)
    rows = model.predict_proba([[0, 1, 3], [3, 1, 0], [0, 0, 1, 3, 3]])
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])
    popularity = (np.array([3, 3, 3, 3]) + 1) / 16
    scores = model.weights[[0, 1, 3]].sum(axis=0) + popularity / 1000
    np.testing.assert_allclose(rows[0], np.exp(scores) / np.exp(scores).sum())


def test_without_a_history_popularity_decides():
    row = EASE().fit([[2, 1], [2, 1], [2]], None, np.eye(4)).predict_proba([[]])[0]
    assert list(np.argsort(-row, kind="stable")) == [2, 1, 0, 3]


def test_held_out_targets_are_not_learnt_from():
    mask = np.array([True, True, False, True, True, False])
    held = EASE(regularisation=2).fit([[0, 1, 2], [1, 3, 2]], None, np.eye(4), targets=mask)
    cut = EASE(regularisation=2).fit([[0, 1], [1, 3]], None, np.eye(4))
    np.testing.assert_array_equal(held.weights, cut.weights)
    np.testing.assert_array_equal(held.predict_proba([[1]]), cut.predict_proba([[1]]))


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=5), st.floats(0.01, 1e4))
def test_rows_are_distributions(histories, penalty):
    if not any(histories):
        with pytest.raises(InputError, match="no target"):
            EASE().fit(histories)
        return
    rows = (
        EASE(regularisation=penalty).fit(histories, None, np.eye(6)).predict_proba([*histories, []], [[0.0]])
    )
    assert rows.shape == (len(histories) + 1, 6)
    assert (rows > 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)


@pytest.mark.parametrize("penalty", [0, -1.0, float("nan"), float("inf")])
def test_a_bad_regularisation_is_refused(penalty):
    with pytest.raises(InputError, match="positive number"):
        EASE(regularisation=penalty)


def test_bad_input_is_refused():
    with pytest.raises(NoModel, match="call fit first"):
        EASE().predict_proba([[0]])
    with pytest.raises(NoModel, match="call fit first"):
        _ = EASE().weights
    with pytest.raises(InputError, match="run from 0 to 1"):
        EASE().fit([[0, 2]], None, np.eye(2))
    with pytest.raises(InputError, match="run from 0 to 1"):
        EASE().fit([[0, 1]]).predict_proba([[2]])
    with pytest.raises(InputError, match="one bool for each of 2 items"):
        EASE().fit([[0, 1]], targets=[True])
