"""The two analyses: each against what it must give, and one against the other."""

import numpy as np
import pytest
from scipy import stats

from core.calfit.analysis import PAPER, changes, compare, fit_mixed_model
from core.calfit.behavior import Floats
from core.errors import InputError

DAYS = 77


def trial(
    seed: int, *, effect: float = 0.0, slopes: float = 1500.0, clients: int = 13
) -> tuple[Floats, Floats]:
    """Counts on straight lines with noise, (clients, days), and who is treated."""
    rng = np.random.default_rng(seed)
    treated = np.arange(clients) >= (clients + 1) // 2
    slope = rng.normal(0, slopes, clients) + effect * treated
    level = rng.normal(6_000, 1_500, clients)
    noise = rng.laplace(0, 2_500, (clients, DAYS))
    return level[:, None] + slope[:, None] * np.linspace(0, 1, DAYS) + noise, treated


def test_a_change_is_the_line_that_numpy_fits() -> None:
    counts, _ = trial(1)
    counts[0, 10:30] = np.nan
    counts[1, 2:] = np.nan
    counts[2, 1:] = np.nan
    counts[3] = np.nan
    time = np.linspace(0, 1, DAYS)
    found = changes(counts)
    for i in (0, 1, 4, 12):
        seen = np.isfinite(counts[i])
        assert found[i] == pytest.approx(np.polyfit(time[seen], counts[i][seen], 1)[0])
    assert np.isnan(found[2:4]).all(), "one day or none says nothing about change"


def test_the_quick_test_is_students() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1500, (5, 7)), rng.normal(500, 1500, (5, 6))
    b[1, 3] = np.nan
    found = compare(a, b)
    for i in range(5):
        second = b[i][np.isfinite(b[i])]
        known = stats.ttest_ind(second, a[i])
        interval = known.confidence_interval()
        assert found.p[i] == pytest.approx(known.pvalue)
        assert (found.low[i], found.high[i]) == pytest.approx((interval.low, interval.high))
        assert found.difference[i] == pytest.approx(second.mean() - a[i].mean())
        assert found.spread_control[i] == pytest.approx(a[i].std(ddof=1))


def test_an_arm_of_one_gives_no_test() -> None:
    found = compare(np.array([[1.0, np.nan]]), np.array([[1.0, 2.0]]))
    assert np.isnan(found.p[0])
    assert np.isnan(found.low[0])


def test_without_an_effect_one_in_twenty_is_found() -> None:
    rng = np.random.default_rng(3)
    found = compare(rng.normal(0, 1500, (4000, 7)), rng.normal(0, 1500, (4000, 6)))
    assert (found.p < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert ((found.low < 0) & (found.high > 0)).mean() == pytest.approx(0.95, abs=0.012)


def test_the_mixed_model_finds_the_same_difference_and_error() -> None:
    counts, treated = trial(4, effect=2_000)
    full = fit_mixed_model(counts, treated)
    quick = compare(changes(counts[~treated])[None], changes(counts[treated])[None])
    assert full.difference == pytest.approx(quick.difference[0], abs=1)
    assert full.control.mean == pytest.approx(quick.control[0], abs=1)
    assert full.intervention.mean == pytest.approx(quick.intervention[0], abs=1)
    assert (full.high - full.low) / (2 * 1.959964) == pytest.approx(quick.error[0], rel=0.01)
    assert full.p < quick.p[0], "it takes the error as known"
    assert full.warnings == ()
    arms = np.hypot(full.control.error, full.intervention.error)
    assert arms == pytest.approx(quick.error[0], rel=0.01), "the arms' errors are those of the difference"


def test_slopes_that_do_not_vary_are_told() -> None:
    told = [fit_mixed_model(*trial(seed, slopes=0.0)).warnings for seed in range(5, 9)]
    assert any(told)
    assert all(sentence.endswith(".") for sentences in told for sentence in sentences)


def test_missing_days_and_clients_without_any_are_left_out() -> None:
    counts, treated = trial(9, clients=14)
    counts[0] = np.nan
    counts[3, 40:] = np.nan
    found = fit_mixed_model(counts, treated)
    without = fit_mixed_model(counts[1:], treated[1:])
    assert found.difference == pytest.approx(without.difference)
    assert np.isfinite(found.p)


@pytest.mark.parametrize(
    ("counts", "treated"),
    [
        (np.ones((4, 5)), [False, True]),
        (np.ones(5), [False] * 5),
        (np.ones((4, 5)), [False, False, False, True]),
        (np.full((4, 5), np.nan), [False, False, True, True]),
        (np.ones((4, 5)), [False, False, True, True]),
    ],
)
def test_what_cannot_be_analysed_is_refused(counts: Floats, treated: list[bool]) -> None:
    with pytest.raises(InputError):
        fit_mixed_model(counts, treated)


def test_the_papers_figures_hang_together_as_standard_errors() -> None:
    error = np.hypot(PAPER.control.error, PAPER.intervention.error)
    assert PAPER.intervention.mean - PAPER.control.mean == PAPER.difference
    assert (PAPER.high - PAPER.low) / (2 * 1.96) == pytest.approx(error, rel=0.01)
