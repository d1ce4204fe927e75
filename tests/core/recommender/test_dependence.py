import numpy as np
import pytest

from core.errors import InputError
from core.recommender.dependence import autocorrelation, dependence, farthest, highest, nearest, partial


def rng(seed=0):
    return np.random.default_rng(seed)


def rounds(noise, clients=20, length=40):
    """Three exercises in turn, some replaced by others at random."""
    draw = rng()
    turn = (np.arange(length) + draw.integers(0, 3, (clients, 1))) % 3
    other = draw.integers(0, 9, (clients, length))
    return np.where(draw.random((clients, length)) < noise, other, turn).tolist()


def test_autocorrelation_finds_a_period():
    found = autocorrelation([[0, 1, 2] * 20, [1, 2, 0] * 20], 4)
    np.testing.assert_allclose(found, [1, -0.5, -0.5, 1, -0.5])
    assert np.isnan(autocorrelation([[0, 1], [1, 0]], 3)[2:]).all()
    assert np.abs(autocorrelation([rng().integers(5, size=20_000)], 3)[1:]).max() < 0.03
    assert np.isnan(autocorrelation([[1, 1, 1]], 1)).all(), "one exercise alone is like itself by chance"


def test_independent_exercises_stay_within_the_band():
    # Whose clients differ in what they like, which is no order.
    histories = [(rng(client).integers(0, 6, 60) + client % 5).tolist() for client in range(40)]
    found = dependence(histories, 8, rng(1), permutations=100)
    for lags in (found.same, found.partial, found.information):
        assert not lags.outside.any()
        assert (lags.low < lags.found).all()
        assert (lags.found < lags.high).all()
        assert highest(lags) is nearest(lags) is farthest(lags) is None
    assert found.same.found.min() > 0.02, "clients who differ do look alike over time"


def test_the_band_holds_all_lags_at_once_as_often_as_it_says():
    left = 0
    for seed in range(40):
        histories = rng(seed).integers(0, 5, (8, 25)).tolist()
        found = dependence(histories, 6, rng((seed, 1)), permutations=100)
        left += bool(found.same.outside.any())
    assert left <= 7, "of 40 sequences without order 2 are expected to leave a band of 95 %"


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_three_in_turn_peak_at_lag_three(noise):
    found = dependence(rounds(noise), 7, rng(), permutations=50)
    assert highest(found.same) == nearest(found.same) == 3
    assert found.same.above.tolist() == [lag % 3 == 0 for lag in range(1, 8)]
    assert found.same.outside.all()
    assert found.information.above.all()
    assert highest(found.information) is not None


def test_where_nobody_does_an_exercise_twice_the_autocorrelation_says_nothing_and_the_information_does():
    histories = [((np.arange(10) + client) % 12).tolist() for client in range(24)]
    found = dependence(histories, 4, rng(), permutations=50)
    np.testing.assert_allclose(found.same.found, -1 / 11)
    assert not found.same.outside.any()
    assert highest(found.same) is None
    assert found.information.above.all()


def test_partial_autocorrelation_is_what_a_lag_adds():
    # Of an autoregression of order 1 and of order 2 (Box and Jenkins).
    np.testing.assert_allclose(partial(0.6 ** np.arange(1, 5)), [0.6, 0, 0, 0], atol=1e-12)
    second = [0.5 / (1 - 0.3)]
    second.append(0.5 * second[0] + 0.3)
    for _ in range(3):
        second.append(0.5 * second[-1] + 0.3 * second[-2])
    np.testing.assert_allclose(partial(np.array(second))[1:], [0.3, 0, 0, 0], atol=1e-12)
    with_nothing_left = partial(np.array([-0.5, -0.5, 1.0]))
    np.testing.assert_allclose(with_nothing_left[:2], [-0.5, -1])
    assert np.isnan(with_nothing_left[2])


def test_a_lag_that_no_client_reaches_is_missing():
    found = dependence([[0, 1, 0, 1], [1, 0, 1]] * 3, 5, rng(), permutations=20)
    assert np.isnan(found.same.found[3:]).all()
    assert np.isnan(found.information.found[3:]).all()
    assert not found.same.outside[3:].any()


def test_the_same_generator_gives_the_same_bands():
    first, again = (dependence(rounds(0.5), 4, rng(3), permutations=20) for _ in range(2))
    np.testing.assert_array_equal(first.same.high, again.same.high)
    np.testing.assert_array_equal(first.information.low, again.information.low)


def test_bad_input_is_named():
    for use, says in [
        (lambda: autocorrelation([[]], 2), "no exercise"),
        (lambda: autocorrelation([[1, 2]], -1), "max_lag"),
        (lambda: autocorrelation([[1, 5]], 2, 5), "0 to 4"),
        (lambda: dependence([[1, 2]], 0, rng()), "max_lag"),
        (lambda: dependence([[1, 2]], 2, rng(), permutations=3), "permutations"),
    ]:
        with pytest.raises(InputError, match=says):
            use()
