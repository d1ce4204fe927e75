import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.recommender import FullHistorySettings, Recommender, forgetting
from core.recommender.full_history import FullHistory, ensemble, initial
from core.recommender.full_history_training import as_sequences, never_repeats
from core.recommender.windows import PADDING, check_histories, last_windows

N = 8
QUICK = FullHistorySettings(
    members=2, embedding=8, state=8, epochs=12, learning_rate=0.02, dropout=0.1, count_dropout=0.0
)


def network(*, members=2, excludes=False, window=128, seed=0):
    generator = torch.Generator().manual_seed(seed)
    settings = FullHistorySettings(members=members, embedding=5, state=4, window=window)
    made = ensemble([initial(settings, N, 3, None, excludes, generator) for _ in range(members)])
    # A softmax that has learnt nothing would hide what the counts do.
    drawn = torch.empty(made.weights["w_y"].shape).uniform_(-1, 1, generator=generator)
    return made.with_weights({"w_y": drawn})


def states(made: FullHistory, histories, profiles):
    items = torch.from_numpy(last_windows(histories, made.settings.window, N))
    return made.hidden(made.tables(), items, None, torch.tensor(profiles, dtype=torch.float32))


@pytest.fixture(scope="module")
def quick(cohort):
    return Recommender(QUICK, seed=3).fit(*cohort)


@given(st.lists(st.lists(st.integers(0, N - 1), max_size=9), min_size=1, max_size=5))
def test_windows_and_whole_histories_give_the_same_states(histories):
    made = network()
    profiles = torch.linspace(-1, 1, 3 * len(histories)).view(-1, 3)
    width = max(map(len, histories)) + 1
    laid = torch.full((len(histories), width), PADDING)
    for row, history in enumerate(histories):
        laid[row, : len(history)] = torch.tensor(history, dtype=torch.long)
    along = made.along(laid, profiles, made.counts_along(laid))
    for row, history in enumerate(histories):
        for step in range(len(history) + 1):
            alone = states(made, [history[:step]], profiles[[row]].tolist())
            torch.testing.assert_close(along[row, step], alone[0], rtol=1e-5, atol=1e-6)


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 2), max_size=5), st.integers(0, 2)), min_size=1, max_size=8
    ).map(lambda asked: [(history[:end], who) for history, who in asked for end in range(len(history) + 1)])
)
def test_histories_asked_together_give_the_states_that_each_gives_alone(asked):
    made = network(window=4)
    profiles = [[0.1, 0.0, 1.0], [0.9, -1.0, 0.0], [0.1, 0.0, 1.0]]
    together = states(made, [history for history, _ in asked], [profiles[who] for _, who in asked])
    for row, (history, who) in enumerate(asked):
        torch.testing.assert_close(
            together[row], states(made, [history], [profiles[who]])[0], rtol=1e-5, atol=1e-6
        )


def test_the_steps_of_one_history_share_a_run(monkeypatch):
    runs = []
    plain = FullHistory.recurrent_states
    monkeypatch.setattr(
        FullHistory,
        "recurrent_states",
        lambda self, history, *rest: runs.append(len(history)) or plain(self, history, *rest),
    )
    history = [0, 1, 1, 2, 0]
    states(network(), [history[:end] for end in range(6)] * 2, [[0.0, 0.0, 1.0]] * 6 + [[1.0, 0.0, 0.0]] * 6)
    assert runs == [2]


def test_a_later_exercise_changes_no_earlier_state():
    made = network()
    one, other = torch.tensor([[0, 1, 2, 3, 4]]), torch.tensor([[0, 1, 2, 6, 7]])
    profile = torch.zeros(1, 3)
    before, after = (made.along(h, profile, made.counts_along(h))[0] for h in (one, other))
    torch.testing.assert_close(before[:4], after[:4])
    assert not torch.allclose(before[4], after[4])


def test_counts_are_discounted_by_what_came_after():
    made = network(members=1)
    begin = made.recurrent
    counts = states(made, [[5, 2, 5, 1]], [[0.0, 0.0, 0.0]])[0, begin : begin + 4 * N].view(4, N)
    expected = {
        1.0: {5: 2 / 2, 2: 1 / 2, 1: 1 / 2},  # over √4 exercises done
        0.9: {5: 0.1 * (0.9**3 + 0.9), 2: 0.1 * 0.9**2, 1: 0.1},
        0.6: {5: 0.4 * (0.6**3 + 0.6), 2: 0.4 * 0.6**2, 1: 0.4},
        0.0: {1: 1.0},
    }
    for row, discount in enumerate(made.settings.discounts):
        wanted = torch.zeros(N)
        for exercise, value in expected[discount].items():
            wanted[exercise] = value
        torch.testing.assert_close(counts[row], wanted)


def test_the_ensembles_logits_are_the_mean_of_its_members():
    generator = torch.Generator().manual_seed(1)
    settings = FullHistorySettings(embedding=5, state=4)
    members = [initial(settings, N, 3, None, False, generator) for _ in range(3)]
    histories, profiles = [[0, 1], [], [3, 3, 3]], [[1.0, 0.0, 0.0], [0.0] * 3, [0.0, -1.0, 2.0]]
    alone = torch.stack([member.logits(states(member, histories, profiles)) for member in members])
    together = ensemble(members)
    torch.testing.assert_close(together.logits(states(together, histories, profiles)), alone.mean(dim=0))


def test_the_state_of_one_window_is_computed_once_for_all_that_an_answer_asks(quick, monkeypatch):
    from core.recommender import training

    computed, whole = [], training.hidden_states
    monkeypatch.setattr(training, "hidden_states", lambda *given: computed.append(1) or whole(*given))
    profile, other = np.array([0.5, 0.0, 0.0]), np.array([0.5, 1.0, 0.0])
    first = quick.predict_proba([[1, 2, 3, 4]], profile[None])
    taught = quick.update([1, 2, 3, 4], profile, 0)
    assert not np.array_equal(taught.predict_proba([[1, 2, 3, 4]], profile[None]), first)
    assert len(computed) <= 2, "once for the window, and once for the rehearsal"
    before = len(computed)
    for history, of in (([1, 2, 3], profile), ([1, 2, 3, 4], other)):
        alone = quick.predict_proba([history], of[None])
        np.testing.assert_allclose(
            alone, quick.predict_proba([history] * 2, np.stack([of] * 2))[:1], rtol=1e-5
        )
    assert len(computed) == before + 4
    np.testing.assert_array_equal(quick.predict_proba([[1, 2, 3, 4]], profile[None]), first)


def test_a_prediction_depends_on_the_window_alone_and_not_on_who_else_is_asked(quick):
    rng = np.random.default_rng(0)
    histories = [rng.integers(N, size=length).tolist() for length in (0, 1, 5, 127, 128, 200)]
    profiles = rng.normal(size=(6, 3))
    together = quick.predict_proba(histories, profiles)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-12)
    for row, history in enumerate(histories):
        alone = quick.predict_proba([history[-128:]], profiles[[row]])
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-4, atol=1e-7)


def test_histories_shorter_than_the_look_ahead_can_be_learnt_from():
    settings = FullHistorySettings(members=1, embedding=8, state=8, epochs=2, look_ahead=4)
    model = Recommender(settings).fit([[0, 1], [1], [0], [1, 0]] * 3, np.zeros((12, 1)), np.eye(2))
    assert np.isfinite(model.summary.stop_losses).all()


def test_it_learns_the_cohorts_rule(small_cohort):
    histories, profiles, exercises = small_cohort(60)
    model = Recommender(FullHistorySettings(members=1, embedding=16, state=32)).fit(
        histories, profiles, exercises
    )
    unseen, others, _ = small_cohort(40, seed=1)
    past = [history[:i] for history in unseen for i in range(1, 12)]
    done = [history[i] for history in unseen for i in range(1, 12)]
    found = model.predict_proba(past, np.repeat(others, 11, axis=0)).argmax(axis=1)
    assert np.mean(found == done) > 0.65


def test_the_same_seed_gives_the_same_weights_and_leaves_torchs_generator_alone(cohort, quick):
    before = torch.random.get_rng_state()
    again = Recommender(QUICK, seed=3).fit(*cohort)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(np.array_equal(again.state()[key], value) for key, value in quick.state().items())
    other = Recommender(QUICK, seed=4).fit(*cohort)
    assert not np.array_equal(other.state()["weights.w_y"], quick.state()["weights.w_y"])


def test_what_is_never_repeated_is_left_out_of_training_and_prediction():
    rng = np.random.default_rng(2)
    histories = [rng.permutation(N)[:6].tolist() for _ in range(30)]
    model = Recommender(QUICK, seed=1).fit(histories, np.zeros((30, 1)), np.eye(N))
    likely = model.predict_proba([[0, 3], [], list(range(N))], np.zeros((3, 1)))
    assert (likely[0, [0, 3]] == 0).all()
    assert (likely[0, [1, 2, 4, 5, 6, 7]] > 0).all()
    assert (likely[1] > 0).all()
    assert (likely[2] > 0).all(), "with everything done, all is open again"
    np.testing.assert_allclose(likely.sum(axis=1), 1, atol=1e-12)
    assert all(math.isfinite(loss) for loss in model.summary.train_losses)


@pytest.mark.parametrize(
    ("histories", "never"),
    [
        ([[0, 1, 2, 3, 4, 5, 6, 7]] * 10, True),
        ([[0, 1, 2, 3, 4, 5, 6, 7]] * 10 + [[3, 3]], False),
        ([[0, 1]] * 3, False),  # too few to tell
        ([[]], False),
    ],
)
def test_no_repeats_are_taken_for_a_rule_only_where_chance_would_have_given_some(histories, never):
    assert never_repeats(check_histories(histories, N), N) == never


def test_a_repeat_that_is_no_target_tells_nothing():
    laid = check_histories([[0, 1, 2, 3, 4, 5, 6, 7]] * 10 + [[3, 4, 3]], N)
    targets = np.ones(len(laid.items), dtype=bool)
    assert not never_repeats(laid, N, targets)
    targets[-1] = False
    assert never_repeats(laid, N, targets)


def test_whether_held_out_clients_repeat_changes_nothing_in_training():
    rng = np.random.default_rng(2)
    histories = [rng.permutation(N)[:6].tolist() for _ in range(30)]
    targets = np.arange(180) < 174  # the last client is held out
    fits = []
    for last in (histories[-1], [0, 0, 0, 1, 0, 0]):
        model = Recommender(QUICK, seed=1)
        model.fit([*histories[:-1], last], np.zeros((30, 1)), np.eye(N), targets=targets)
        fits.append(model.predict_proba([[0, 3]], np.zeros((1, 1))))
    np.testing.assert_array_equal(*fits)


def test_an_answer_that_the_model_leaves_out_is_refused_and_not_pretended_to_be_learnt():
    rng = np.random.default_rng(2)
    histories = [rng.permutation(N)[:6].tolist() for _ in range(30)]
    model = Recommender(QUICK, seed=1).fit(histories, np.zeros((30, 1)), np.eye(N))
    assert model.leaves_out([0, 3], 3)
    assert not model.leaves_out([0, 3], 1)
    assert not model.leaves_out(list(range(N)), 1), "with everything done, all is open again"
    with pytest.raises(InputError, match="was done before"):
        model.update([0, 3], [0.0], 3)
    assert not Recommender(QUICK, seed=1).fit([[0, 0, 1]] * 3, np.zeros((3, 1))).leaves_out([0], 0)


def test_what_was_done_before_the_window_cannot_come_again_either():
    rng = np.random.default_rng(3)
    histories = [rng.permutation(N)[:6].tolist() for _ in range(30)]
    model = Recommender(replace(QUICK, window=2), seed=1).fit(histories, np.zeros((30, 1)), np.eye(N))
    asked = [[0, 1, 2, 3], [2, 3], [], list(range(N))]
    likely = model.predict_proba(asked, np.zeros((4, 1)))
    np.testing.assert_allclose(likely.sum(axis=1), 1)
    assert [set(np.flatnonzero(row == 0)) for row in likely] == [{0, 1, 2, 3}, {2, 3}, set(), {N - 2, N - 1}]
    for history, row in zip(asked, likely, strict=True):
        assert [model.leaves_out(history, exercise) for exercise in range(N)] == (row == 0).tolist()
    with pytest.raises(InputError, match="histories"):
        model.predict_proba([[N, 1, 2]], np.zeros((1, 1)))


@pytest.mark.parametrize("length", [1, 3, 4, 5, 8, 9, 23])
@pytest.mark.parametrize("window", [1, 2, 4, 5])
@pytest.mark.parametrize("min_inputs", [0, 1])
def test_stretches_hold_each_target_once_with_half_a_window_before_it(length, window, min_inputs):
    settings = FullHistorySettings(window=window, min_inputs=min_inputs)
    cohort = check_histories([list(range(length)), [0]], 30)
    found = as_sequences(cohort, np.zeros((2, 1)), np.array([0]), None, settings)
    targets = found.items[found.targets].tolist()
    assert sorted(targets) == list(range(min_inputs, length))
    assert found.items.shape[1] <= window + 1
    for items, marks in zip(found.items.tolist(), found.targets.tolist(), strict=True):
        for place, (item, mark) in enumerate(zip(items, marks, strict=True)):
            if mark:
                assert items[:place] == list(range(item - place, item))
                assert place >= min(item, window - window // 2)
    # A whole window stands before some target, as it does where one predicts.
    if length > max(window, min_inputs):
        assert max(int(marks.nonzero().max()) for marks in found.targets) == window


def test_an_answer_teaches_the_last_layer_alone(quick):
    history, profile = [1, 2, 3], np.array([0.5, 0.0, 0.0])
    before = quick.predict_proba([history], profile[None])[0]
    taught = quick.update(history, profile, 0)
    after = taught.predict_proba([history], profile[None])[0]
    assert after[0] > before[0]
    assert set(taught.state(rehearsal=False)) == {"weights.w_y", "weights.b_y", "meta"}
    check = forgetting(quick, taught)
    assert abs(check.top1_after - check.top1_before) < 0.2


def test_a_new_clients_start_shares_the_states_and_remembers_whose_it_is(quick, cohort):
    _, profiles, _ = cohort
    started = quick.personalise(profiles[5])
    assert len(started.neighbours) == 3
    np.testing.assert_array_equal(
        started.hidden([[1, 2]], profiles[[5]]), quick.hidden([[1, 2]], profiles[[5]])
    )
    assert not np.array_equal(
        started.predict_proba([[1, 2]], profiles[[5]]), quick.predict_proba([[1, 2]], profiles[[5]])
    )


def test_a_state_gives_back_the_same_model(quick, cohort):
    _, profiles, _ = cohort
    taught = quick.personalise(profiles[0]).update([1, 2], profiles[0], 4)
    whole = Recommender.from_state(taught.state())
    slim = Recommender.from_state(taught.state(rehearsal=False), base=quick)
    assert isinstance(whole.settings, FullHistorySettings)
    assert whole.settings == QUICK
    wanted = taught.predict_proba([[1, 2], []], profiles[:2])
    for found in (whole, slim):
        np.testing.assert_array_equal(found.predict_proba([[1, 2], []], profiles[:2]), wanted)
        assert found.neighbours == taught.neighbours
        assert found.updates == 1


def test_who_calibrates_is_learnt_from_by_nobody_and_who_stops_in_the_end(quick, cohort):
    summary = quick.summary
    learnt, calibrated = set(quick.training_clients.tolist()), set(quick.calibration.clients.tolist())
    assert not learnt & calibrated
    assert len(learnt) == summary.training_clients + summary.stopping_clients
    assert len(learnt | calibrated) == len(cohort[0])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"members": 0}, "members is 0"),
        ({"discounts": ()}, "discounts is"),
        ({"discounts": (0.9, 1.0)}, "the first of them 1"),
        ({"discounts": (1.0, 1.5)}, "from 0 to 1"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"count_dropout": -0.1}, "count_dropout is -0.1"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"stopping_share": 0.6, "calibration_share": 0.5}, "must leave clients"),
        ({"look_ahead": 0}, "look_ahead is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        FullHistorySettings(**wrong)


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_a_tiny_cohort_can_be_learnt_from(clients):
    model = Recommender(QUICK).fit([[0, 1, 2, 0, 1]] * clients, np.zeros((clients, 0)))
    assert model.predict_proba([[0, 1]], np.zeros((1, 0))).shape == (1, 3)
    assert model.summary.calibration_held_out == (clients > 1)
