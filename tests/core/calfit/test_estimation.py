"""The quick estimate against grids, against behaviours that are known, and against itself in other settings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calfit import Behavior, _kernels, estimate, estimate_many, simulate
from core.calfit.behavior import Floats, course
from core.errors import InputError

RUN_IN = [3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 6_000]


def history(rng: np.random.Generator, days: int, noise: float, missing: float = 0.0) -> tuple[Floats, Floats]:
    """A generated client: a run-in week, then goals about the counts so far; Laplace noise."""
    behavior = Behavior(rng.uniform(2_000, 9_000), rng.uniform(0, 8_000), rng.uniform(0, 2_500))
    goals = np.array([*RUN_IN, *rng.uniform(4_000, 12_000, max(days - 7, 0))])[:days]
    steps = np.maximum(np.round(simulate(behavior, goals).steps + rng.laplace(0, noise, days)), 0.0)
    steps[2:][rng.random(days - 2) < missing] = np.nan
    return steps, goals


def grid_loss(steps: Floats, goals: Floats, points: int, **more: Floats) -> float:
    """The least loss on an even grid of the whole box."""
    axes = (np.linspace(0, top, points) for top in (np.nanmax(steps), 20_000, 6_000))
    u, p, mu = (axis.ravel() for axis in np.meshgrid(*axes))
    made = course(u, p, mu, np.full(u.size, 0.85), goals, **more)  # type: ignore[arg-type]
    return float(np.nansum(np.abs(made.steps - steps), axis=-1).min())


@pytest.mark.parametrize("seed", range(12))
def test_no_grid_finds_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps, goals = history(rng, int(rng.integers(3, 40)), rng.choice([1_500, 2_500]), 0.1)
    assert estimate(steps, goals).loss <= grid_loss(steps, goals, 30) + 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_no_point_near_the_truth_has_less(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    steps, goals = history(rng, 28, 1_500)
    found = estimate(steps, goals)
    centre = found.behavior
    near = [
        rng.normal(getattr(centre, name), scale, 20_000).clip(0, top)
        for name, scale, top in (
            ("baseline", 300, steps.max()),
            ("responsiveness", 600, 20_000),
            ("self_efficacy", 100, 6_000),
        )
    ]
    made = course(near[0], near[1], near[2], np.full(20_000, 0.85), goals)
    assert found.loss <= np.abs(made.steps - steps).sum(axis=-1).min() + 1e-6


@given(
    st.floats(1_000, 12_000),
    st.floats(0, 15_000),
    st.floats(0, 5_000),
    st.lists(st.floats(1_000, 20_000), min_size=2, max_size=28),
)
@settings(max_examples=60)
def test_steps_without_noise_are_met_exactly(u: float, p: float, mu: float, goals: list[float]) -> None:
    steps = simulate(Behavior(u, p, mu), goals).steps
    assert estimate(steps, goals).loss <= 0.5 * len(goals)  # half a step a day


def test_the_loss_is_that_of_the_behaviour_simulated_again() -> None:
    rng = np.random.default_rng(7)
    for days in (2, 9, 28, 70):
        steps, goals = history(rng, days, 2_500, 0.1)
        found = estimate(steps, goals)
        again = simulate(found.behavior, goals)
        assert found.loss == np.nansum(np.abs(again.steps - steps))
        np.testing.assert_array_equal(found.course.steps, again.steps)
        assert found.course.responsiveness.shape == (days + 1,)
        assert found.behavior.responsiveness <= 20_000
        assert found.behavior.self_efficacy <= 6_000


def test_the_same_history_gives_the_same_answer() -> None:
    steps, goals = history(np.random.default_rng(3), 28, 2_500)
    assert estimate(steps, goals).behavior == estimate(steps.tolist(), goals.tolist()).behavior


def test_missing_days_are_left_out_of_the_sum() -> None:
    behavior = Behavior(6_000, 4_000, 1_000)
    goals = np.array([*RUN_IN, *[8_000] * 14], dtype=float)
    steps = simulate(behavior, goals).steps.copy()
    steps[[1, 4, 9, 10, 20]] = np.nan
    assert estimate(steps, goals).loss < 1.0
    steps[[1, 4, 9, 10, 20]] = 0.0
    assert estimate(steps, goals).loss > 10_000


def test_a_missing_day_still_passes_responsiveness_on() -> None:
    behavior = Behavior(3_000, 8_000, 0)
    goals = np.full(4, 20_000.0)
    steps = simulate(behavior, goals).steps.copy()
    steps[1:3] = np.nan
    found = estimate(steps, goals)
    assert found.loss < 0.1
    np.testing.assert_allclose(steps[[0, 3]], found.course.steps[[0, 3]], atol=0.1)


def test_a_flat_history_is_its_own_baseline() -> None:
    found = estimate([5_000] * 10, [4_000] * 10)
    assert found.loss < 0.1
    assert found.behavior.baseline == pytest.approx(5_000, abs=0.1)


def test_days_of_no_steps_at_all() -> None:
    assert estimate([0.0, 0.0, 0.0], [5_000] * 3).loss == 0.0


@pytest.mark.parametrize("helplessness", [0.0, 0.5, 0.95])
def test_another_helplessness_is_kept_to(helplessness: float) -> None:
    truth = Behavior(4_000, 6_000, 1_200, helplessness)
    goals = np.array(RUN_IN * 3, dtype=float)
    found = estimate(simulate(truth, goals).steps, goals, helplessness=helplessness)
    assert found.loss < 1.0
    assert found.behavior.helplessness == helplessness


def test_offsets_shift_the_baseline_of_their_day() -> None:
    offsets = np.tile([0, 500, -300, 0, 200, -2_500, 1_500], 4).astype(float)
    goals = np.array([*RUN_IN, *[9_000] * 21], dtype=float)
    truth = Behavior(2_000, 5_000, 900)
    steps = simulate(truth, goals, offsets=offsets).steps
    assert (np.maximum(2_000 + offsets, 0) == 0).any()
    found = estimate(steps, goals, offsets=offsets)
    assert found.loss < 1.0
    np.testing.assert_array_equal(found.course.steps, simulate(found.behavior, goals, offsets=offsets).steps)
    assert estimate(steps, goals).loss > 1_000


def test_a_baseline_above_every_count_is_found_where_offsets_ask_for_it() -> None:
    steps = simulate(Behavior(9_000, 0, 0), [0] * 6, offsets=[-4_000] * 6).steps
    assert estimate(steps, [0] * 6, offsets=[-4_000] * 6).behavior.baseline == pytest.approx(9_000, abs=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_observed_achievement_follows_the_counts(seed: int) -> None:
    rng = np.random.default_rng(50 + seed)
    steps, goals = history(rng, 21, 2_000, 0.1)
    found = estimate(steps, goals, achievement="observed")
    achieved = steps >= goals
    assert found.achievement == "observed"
    b = found.behavior
    made = course(
        np.float64(b.baseline),
        np.float64(b.responsiveness),
        np.float64(b.self_efficacy),
        np.float64(0.85),
        goals,
        achieved=achieved,
    )
    assert found.loss == np.nansum(np.abs(made.steps - steps))
    assert found.loss <= grid_loss(steps, goals, 30, achieved=achieved) + 1e-6  # type: ignore[arg-type]


def test_a_caseload_equals_one_at_a_time() -> None:
    rng = np.random.default_rng(11)
    histories = [history(rng, int(days), 2_500, 0.1) for days in rng.integers(2, 60, 25)]
    together = estimate_many(histories)
    for (steps, goals), found in zip(histories, together, strict=True):
        alone = estimate(steps, goals)
        assert alone.behavior == found.behavior
        assert alone.loss == found.loss


def test_a_caseload_with_offsets_and_an_empty_one() -> None:
    rng = np.random.default_rng(12)
    histories = [history(rng, 14, 1_500), history(rng, 9, 1_500)]
    shifts = np.linspace(-500, 500, 14)
    first, second = estimate_many(histories, offsets=[shifts, None], achievement="observed")
    assert first.behavior == estimate(*histories[0], offsets=shifts, achievement="observed").behavior
    assert second.behavior == estimate(*histories[1], achievement="observed").behavior
    assert estimate_many([]) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (([1, -1], [5, 5]), "steps"),
        (([1], [5]), "two days"),
        (([np.nan, np.nan], [5, 5]), "two days"),
        (([1, 2, 3], [5, 5]), "3 steps, 2 goals"),
        (([1, 2], [5, np.nan]), "goal"),
        ((None, [5, 5]), "steps"),
        (([1, 2],), "pair"),
        (5, "histories"),
    ],
)
def test_a_bad_history_is_named(bad: object, words: str) -> None:
    good = ([5_000.0, 6_000.0], [4_000.0, 4_000.0])
    with pytest.raises(InputError, match=words) as caught:
        estimate_many([good, bad, good])  # type: ignore[list-item]
    assert "histories[1]" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"helplessness": 1.0}, "helplessness"),
        ({"helplessness": -0.1}, "helplessness"),
        ({"helplessness": np.nan}, "helplessness"),
        ({"helplessness": "0.85"}, "helplessness"),
        ({"achievement": "guessed"}, "achievement"),
        ({"offsets": [1.0]}, "offsets"),
        ({"offsets": [1.0, np.nan]}, "offsets"),
        ({"offsets": ["a", "b"]}, "offsets"),
    ],
)
def test_bad_options_are_refused(more: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        estimate([5_000, 6_000], [4_000, 4_000], **more)  # type: ignore[arg-type]


def test_offsets_for_another_number_of_histories_are_refused() -> None:
    with pytest.raises(InputError, match="offsets"):
        estimate_many([([1, 2], [3, 4])], offsets=[])


@pytest.mark.parametrize("trouble", [RuntimeError("no locator"), OSError("disk full")])
def test_a_folder_that_cannot_be_written_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    ways = []

    def compile_or_not(**options: object) -> object:
        ways.append("cache" in options)
        if options.get("cache"):
            raise trouble
        return lambda function: function

    def stand_in(*_: object) -> None:
        """In the place of the search, which takes long to compile."""

    monkeypatch.setattr(_kernels.numba, "njit", compile_or_not)
    monkeypatch.setattr(_kernels, "_search", stand_in)
    _kernels.search.cache_clear()
    try:
        assert _kernels.search() is stand_in
        assert ways == [True, False]
    finally:
        _kernels.search.cache_clear()
