"""The simulated expert, step by step, and the four figures by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender import margin
from core.recommender.answering import FourFigures, Walk, four_figures, likely, walk
from core.recommender.evaluation import ranks
from core.recommender.personalising import LastLayer, teach

N, K = 6, 4


def layer(seed=0):
    rng = np.random.default_rng(seed)
    return LastLayer(rng.normal(size=(N, K)), rng.normal(size=N))


def steps(seed, n=12):
    rng = np.random.default_rng(seed)
    return rng.random((n, K)), rng.integers(N, size=n)


REHEARSAL = steps(99, 40)


def walked(states, targets, threshold, seed=3, of=None):
    return walk(
        of or layer(),
        states,
        targets,
        certainty=margin,
        threshold=threshold,
        rehearsal=REHEARSAL[0],
        rehearsal_targets=REHEARSAL[1],
        rng=np.random.default_rng(seed),
    )


@given(st.integers(0, 200), st.floats(0.0, 1.0))
def test_a_walk_is_predict_ask_teach_step_by_step(seed, threshold):
    states, targets = steps(seed)
    found = walked(states, targets, threshold)
    now, rng = layer(), np.random.default_rng(3)
    for at, (state, target) in enumerate(zip(states, targets, strict=True)):
        probabilities = likely(now, state[None, :])
        assert found.ranks[at] == ranks(probabilities, [target])[0]
        assert found.asked[at] == (margin(probabilities)[0] < threshold)
        if found.asked[at]:
            now = teach(now, state, int(target), *REHEARSAL, rng)


def test_an_expert_who_is_never_asked_changes_nothing():
    states, targets = steps(1, 30)
    given_weights = layer().weights.copy()
    of = layer()
    found = walked(states, targets, 0.0, of=of)
    assert not found.asked.any()
    untaught = ranks(likely(layer(), states), targets)
    assert np.array_equal(found.ranks, untaught)
    assert np.array_equal(of.weights, given_weights)
    figures = four_figures([found], [untaught], [margin(likely(layer(), states))])
    assert figures.asked == 0
    assert figures.all_steps == figures.unasked == figures.untaught


def test_answers_help_where_a_client_does_the_same_again():
    flat = LastLayer(0.1 * layer().weights, 0.1 * layer().bias)
    states = np.tile([[1.0, 0.5, 0.2, 0.0]], (40, 1))
    targets = np.full(40, int(likely(flat, states[:1])[0].argmin()))
    found = walked(states, targets, 1.0, of=flat)
    assert found.asked.all()
    assert found.ranks[0] == N - 1
    assert found.ranks[-1] == 0


def test_the_four_figures_by_hand():
    walks = [
        Walk(np.array([True, False, False]), np.array([3, 0, 1])),
        Walk(np.array([False, True, False, False]), np.array([0, 0, 7, 2])),
    ]
    untaught_ranks = [np.array([3, 1, 1]), np.array([0, 2, 7, 0])]
    certainty = [np.array([0.1, 0.9, 0.3]), np.array([0.8, 0.2, 0.7, 0.3])]
    figures = four_figures(walks, untaught_ranks, certainty, ks=(1, 2, 5))
    assert figures.asked == pytest.approx(2 / 7)
    # Every step, asked about or not: ranks 3 0 1 0 0 7 2.
    assert figures.all_steps == pytest.approx({1: 3 / 7, 2: 4 / 7, 5: 6 / 7})
    # Not asked about: 0 1 0 7 2.
    assert figures.unasked == pytest.approx({1: 2 / 5, 2: 3 / 5, 5: 4 / 5})
    # The untaught model's five most certain steps are 0.9 0.8 0.7 and both of 0.3: ranks 1 0 7 1 0.
    assert figures.untaught == pytest.approx({1: 2 / 5, 2: 4 / 5, 5: 4 / 5})


def test_of_equally_certain_steps_the_first_are_taken():
    walks = [Walk(np.array([False, True]), np.array([5, 5])), Walk(np.array([True, True]), np.array([5, 5]))]
    figures = four_figures(walks, [np.array([0, 5]), np.array([5, 5])], [np.full(2, 0.5)] * 2, ks=(1,))
    assert figures.untaught == {1: 1.0}


def test_where_everything_is_asked_two_figures_are_missing():
    walks = [Walk(np.array([True, True]), np.array([0, 5]))]
    figures = four_figures(walks, [np.array([0, 5])], [np.array([0.1, 0.2])], ks=(1,))
    assert figures == FourFigures(1.0, {1: 0.5}, None, None)


def test_lengths_that_do_not_fit_are_named():
    with pytest.raises(InputError, match="0 walks with 0 steps"):
        four_figures([], [], [])
    one = Walk(np.array([True]), np.array([0]))
    with pytest.raises(InputError, match="1 steps, the untaught model 2 ranks"):
        four_figures([one], [np.array([0, 1])], [np.array([0.5])])
