import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from core.errors import InputError
from core.recommender import FullHistorySettings, Recommender, Settings
from core.recommender.calibration import binned_error, temperature


@given(st.floats(0.3, 4.0), st.integers(0, 100))
def test_the_temperature_that_logits_were_heated_by_is_found(heat, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(4000, 6))
    targets = np.array([rng.choice(6, p=row) for row in softmax(logits, axis=1)])
    found = temperature(logits * heat, targets)
    assert found == pytest.approx(heat, rel=0.15)

    def loss(t):
        return -log_softmax(logits * heat / t, axis=1)[np.arange(4000), targets].mean()

    assert loss(found) <= min(loss(1.0), loss(found * 1.05), loss(found / 1.05)) + 1e-9


def test_what_is_left_out_stays_left_out():
    logits = np.array([[0.0, -np.inf, 1.0], [2.0, 0.0, -np.inf]])
    assert np.isfinite(temperature(logits, [2, 0]))
    assert temperature(logits, [1, 0]) == 1.0, "a target that was left out tells nothing"
    assert temperature(np.empty((0, 3)), []) == 1.0


def test_the_error_by_hand():
    # Two bins of two: mean confidence 0.55 with half right, then 0.9 with all right.
    confidence = np.array([0.9, 0.5, 0.6, 0.9])
    right = np.array([True, True, False, True])
    assert binned_error(confidence, right, bins=2) == pytest.approx((2 * 0.05 + 2 * 0.1) / 4)


def test_honest_probabilities_have_nearly_no_error_and_boasts_have_one():
    rng = np.random.default_rng(0)
    p = softmax(rng.normal(size=(20_000, 4)), axis=1)
    targets = np.array([rng.choice(4, p=row) for row in p])
    right = p.argmax(axis=1) == targets
    assert binned_error(p.max(axis=1), right) < 0.02
    boast = softmax(4 * np.log(p), axis=1)
    assert binned_error(boast.max(axis=1), right) > 0.1


@pytest.mark.parametrize("targets", [[0], [0, 1, 2]])
def test_shapes_that_do_not_fit_are_refused(targets):
    with pytest.raises(InputError, match="expected"):
        binned_error(np.full(2, 0.5), targets)
    with pytest.raises(InputError, match="expected"):
        binned_error(np.empty(0), [])
    with pytest.raises(InputError, match="expected"):
        temperature(np.zeros((2, 2)), targets)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(epochs=20, dropout=0.0, patience=20),
        FullHistorySettings(members=1, embedding=8, state=8, epochs=20),
    ],
)
def test_a_fit_is_calibrated_and_says_by_how_much(small_cohort, settings):
    model = Recommender(settings, seed=2).fit(*small_cohort(40))
    assert model.summary.temperature != 1.0
    held_out = model.calibration
    assert model.summary.error_after == pytest.approx(
        binned_error(held_out.top[:, 0], held_out.true_probability == held_out.top[:, 0])
    )
    assert model.summary.error_before is not None
