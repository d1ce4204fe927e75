import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender.windows import (
    PADDING,
    check_exercise,
    check_histories,
    check_matrix,
    check_targets,
    cut_windows,
    last_windows,
)

cohorts = st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=6)


def by_hand(histories, window, min_inputs):
    rows = []
    for client, history in enumerate(histories):
        for place, target in enumerate(history):
            if place >= min_inputs:
                past = history[max(0, place - window) : place]
                rows.append(([PADDING] * (window - len(past)) + past, target, client))
    return rows


@given(cohorts, st.integers(1, 4), st.integers(0, 3))
def test_windows_are_the_last_exercises_before_each_target(histories, window, min_inputs):
    cut = cut_windows(check_histories(histories), window, min_inputs=min_inputs)
    expected = by_hand(histories, window, min_inputs)
    assert cut.items.shape == (len(expected), window)
    got = zip(cut.items.tolist(), cut.targets.tolist(), cut.clients.tolist(), strict=True)
    assert list(got) == expected


@given(cohorts, st.integers(1, 4))
def test_the_window_to_predict_from_is_the_end_of_the_history(histories, window):
    for given_as in (histories, [np.array(h, dtype=np.int32) for h in histories]):
        windows = last_windows(given_as, window, 10)
        for row, history in zip(windows.tolist(), histories, strict=True):
            past = history[-window:]
            assert row == [PADDING] * (window - len(past)) + past


def test_a_mask_keeps_targets_but_leaves_them_among_the_inputs():
    mask = np.array([True, False, True, True, False])
    cut = cut_windows(check_histories([[1, 2, 3], [4, 5]]), 2, targets=mask)
    assert cut.targets.tolist() == [1, 3, 4]
    assert cut.items.tolist() == [[-1, -1], [1, 2], [-1, -1]]
    assert cut.places.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("histories", "says"),
    [
        ([[0, 1], [2, -1]], r"histories\[1\] holds -1"),
        ([[0, 5]], r"histories\[0\] holds 5.* 0 to 4"),
        ([[0.5]], "float"),
        ([[[0], [1]]], "2 dimensions"),
        ([[[0], [1, 2]]], "ragged"),
        (["ab"], "dimensions|whole numbers"),
        ("ab", "sequence"),
        (7, "sequence"),
    ],
)
def test_bad_histories_are_named(histories, says):
    with pytest.raises(InputError, match=says):
        check_histories(histories, 5)


@pytest.mark.parametrize("history", [[0, 5], [-1], [0.5], [[0], [1, 2]], [[0, 1]]])
def test_bad_histories_are_named_when_predicting_too(history):
    with pytest.raises(InputError, match="histories"):
        last_windows([[1], history], 3, 5)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([[0.0], [float("nan")]], r"m\[1, 0\] is nan"),
        ([[0.0], [float("inf")]], r"m\[1, 0\] is inf"),
        ([[0.0, 1.0], [2.0]], "ragged"),
        ([["a"], ["b"]], "numeric"),
        ([0.0, 1.0], "1 dimensions"),
        ([[0.0]], "1 rows; 2"),
        ([[0.0, 1.0]] * 2, "2 columns"),
    ],
)
def test_bad_matrices_are_named(values, says):
    with pytest.raises(InputError, match=says):
        check_matrix(values, "m", rows=2, columns=1)


def test_bad_targets_and_exercises_are_named():
    with pytest.raises(InputError, match="targets"):
        check_targets([True], 2)
    with pytest.raises(InputError, match="targets"):
        check_targets([0, 1], 2)
    for bad in (-1, 5, 1.0, True):
        with pytest.raises(InputError, match="exercise is"):
            check_exercise(bad, 5)
    assert check_exercise(np.int32(4), 5) == 4
