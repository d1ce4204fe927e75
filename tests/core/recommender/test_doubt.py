import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender.doubt import (
    Cause,
    DoubtSettings,
    cause_of_doubt,
    nearest_cases,
    prediction_set,
    set_threshold,
)

NAMES = ["wall push-up", "squat", "lunge", "plank"]
FAMILIAR = {
    "own_steps": 30,
    "distance": 0.5,
    "reference_distances": np.linspace(0, 1, 99),
    "trained_rows": 1000,
    "rows_since": 10,
}


def doubt(p=(0.3, 0.25, 0.24, 0.21), **changes):
    return cause_of_doubt(p, NAMES, **(FAMILIAR | changes))


def test_set_threshold_by_hand():
    values = np.arange(1, 10) / 10
    assert set_threshold(values, 0.2) == 0.2
    assert set_threshold(values[::-1], 0.35) == pytest.approx(0.3)
    assert set_threshold(values, 0.05) == 0.0


def test_prediction_set_orders_by_probability():
    assert prediction_set([0.2, 0.5, 0.3], 0.25).tolist() == [1, 2]
    assert prediction_set([0.2, 0.5, 0.3], 0.0).tolist() == [1, 2, 0]
    assert prediction_set([0.2, 0.5, 0.3], 0.6).tolist() == []
    assert prediction_set([0.4, 0.2, 0.4], 0.4).tolist() == [0, 2]


def test_prediction_sets_hold_the_true_exercise_as_often_as_promised():
    rng = np.random.default_rng(51)
    repeats, n, alpha = 3000, 50, 0.1
    held = 0
    for _ in range(repeats):
        p = rng.dirichlet(np.full(6, 0.5), size=n + 1)
        # A model that is wrong about its own certainty: the truth follows the square root of its probabilities.
        weights = np.sqrt(p) / np.sqrt(p).sum(axis=1, keepdims=True)
        truth = (weights.cumsum(axis=1) < rng.random((n + 1, 1))).sum(axis=1).clip(max=5)
        threshold = set_threshold(p[np.arange(n), truth[:n]], alpha)
        held += truth[n] in prediction_set(p[n], threshold)
    # Promise 1 - alpha; at most 1 - alpha + 1/(n+1) without ties. Five standard errors on each side.
    error = 5 * np.sqrt(alpha * (1 - alpha) / repeats)
    assert 1 - alpha - error <= held / repeats <= 1 - alpha + 1 / (n + 1) + error


@pytest.mark.parametrize("alpha", [0, 1, float("nan")])
def test_set_threshold_refuses_alpha(alpha):
    with pytest.raises(InputError, match="alpha"):
        set_threshold([0.5], alpha)


@pytest.mark.parametrize("bad", [[], [[0.5]], [1.5], [np.nan]])
def test_set_threshold_refuses_values(bad):
    with pytest.raises(InputError, match="calibration_true_probabilities"):
        set_threshold(bad, 0.1)


def test_prediction_set_refuses_bad_input():
    with pytest.raises(InputError, match=r"expected \(N,\)"):
        prediction_set([[0.5, 0.5]], 0.1)
    with pytest.raises(InputError, match="threshold"):
        prediction_set([0.5, 0.5], 1.1)


def test_nearest_cases_by_hand():
    past = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, -1.0], [10.0, 0.0]])
    found = nearest_cases([0.0, 0.0], past, 3)
    assert found.indices.tolist() == [1, 2, 0]
    np.testing.assert_allclose(found.distances, [1, 1, 5])
    assert nearest_cases([0.0, 0.0], past, 9).indices.size == 4


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_nearest_cases_leave_none_nearer_out(rows, k, seed):
    rng = np.random.default_rng(seed)
    here, past = rng.normal(size=5), rng.normal(size=(rows, 5))
    found = nearest_cases(here, past, k)
    assert found.indices.size == min(k, rows)
    assert (np.diff(found.distances) >= 0).all()
    left = np.setdiff1d(np.arange(rows), found.indices)
    assert (np.sqrt(((past[left] - here) ** 2).sum(axis=1)) >= found.distances[-1] - 1e-12).all()


@pytest.mark.parametrize(
    ("hidden", "past", "k", "message"),
    [
        ([0.0, 0.0], [[1.0]], 1, "shape"),
        ([0.0], [1.0], 1, "shape"),
        ([[0.0]], [[1.0]], 1, "shape"),
        ([np.nan], [[1.0]], 1, "finite"),
        ([0.0], [[np.inf]], 1, "finite"),
        ([0.0], [[1.0]], 0, "k = 0"),
        (["a"], [[1.0]], 1, "numbers"),
    ],
)
def test_nearest_cases_refuse_bad_input(hidden, past, k, message):
    with pytest.raises(InputError, match=message):
        nearest_cases(hidden, past, k)


def test_each_cause():
    assert doubt(own_steps=2).cause is Cause.NEW_CLIENT
    assert doubt(distance=1.5).cause is Cause.UNUSUAL_HISTORY
    assert doubt((0.45, 0.44, 0.06, 0.05)).cause is Cause.NEAR_EQUAL
    assert doubt(rows_since=250).cause is Cause.OUT_OF_DATE
    assert doubt().cause is Cause.NONE


def test_earlier_causes_come_first():
    everything = {"own_steps": 0, "distance": 2.0, "rows_since": 900, "p": (0.45, 0.44, 0.06, 0.05)}
    assert doubt(**everything).cause is Cause.NEW_CLIENT
    everything["own_steps"] = 30
    assert doubt(**everything).cause is Cause.UNUSUAL_HISTORY
    everything["distance"] = 0.1
    assert doubt(**everything).cause is Cause.NEAR_EQUAL
    everything["p"] = (0.3, 0.25, 0.24, 0.21)
    assert doubt(**everything).cause is Cause.OUT_OF_DATE


def test_causes_at_their_thresholds():
    assert doubt(own_steps=8).cause is Cause.NEW_CLIENT
    assert doubt(own_steps=9).cause is Cause.NONE
    # 99 reference distances: with 4 of them at least as far, the share is 5 / 100.
    assert doubt(distance=95 / 98).cause is Cause.UNUSUAL_HISTORY
    assert doubt(distance=94 / 98).cause is Cause.NONE
    assert doubt(rows_since=249).cause is Cause.NONE
    # Two near-equal exercises ahead of the rest, not three.
    assert doubt((0.32, 0.31, 0.30, 0.07)).cause is Cause.NONE
    assert doubt((0.6, 0.3, 0.05, 0.05)).cause is Cause.NONE


def test_settings_change_the_verdict():
    assert doubt(own_steps=30, settings=DoubtSettings(new_client_steps=50)).cause is Cause.NEW_CLIENT


def test_sentences_name_what_a_trainer_knows():
    assert doubt(own_steps=0).sentence == "This client is new: no exercise on record so far."
    assert "1 exercise on" in doubt(own_steps=1).sentence
    assert "only 1\u00a0%" in doubt(distance=1.5).sentence
    near = doubt((0.06, 0.45, 0.05, 0.44)).sentence
    assert (
        near
        == "squat (45\u00a0%) and plank (44\u00a0%) are almost equally likely, and nothing else comes close."
    )
    assert "1,000 log entries" in doubt(rows_since=400).sentence
    assert "400" in doubt(rows_since=400).sentence
    assert "wall push-up" in doubt().sentence


def test_two_exercises_only():
    result = cause_of_doubt([0.52, 0.48], ["squat", "lunge"], **FAMILIAR)
    assert result.cause is Cause.NEAR_EQUAL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"own_steps": -1}, "own_steps"),
        ({"rows_since": -1}, "rows_since"),
        ({"trained_rows": 0}, "trained_rows"),
        ({"distance": -0.1}, "distance"),
        ({"distance": float("nan")}, "distance"),
        ({"reference_distances": []}, "reference_distances"),
        ({"reference_distances": [np.nan]}, "reference_distances"),
        ({"p": (0.5, 0.5)}, "names"),
        ({"p": ((0.25,) * 4,)}, "one case"),
    ],
)
def test_cause_refuses_bad_input(changes, message):
    with pytest.raises(InputError, match=message):
        doubt(**changes)
