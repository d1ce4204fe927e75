"""Folds trained together against each trained alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.recommender import Recommender, Settings, folds, training
from core.recommender.evaluation import leave_one_out
from core.recommender.network import Network, probabilities
from core.recommender.windows import Windows, check_histories, cut_windows

TINY = Settings(
    k_x=6, k_u=5, k=7, epochs=4, batch_size=16, dropout=0.2, stopping_share=0.0, calibration_share=0.0
)


@pytest.fixture(scope="module")
def uneven(small_cohort):
    """Clients with histories of 3 to 14 exercises, so that folds have unequal numbers of windows."""
    histories, profiles, exercises = small_cohort(8, length=14, seed=5)
    return [history[: 3 + (5 * i) % 12] for i, history in enumerate(histories)], profiles, exercises


def in_double(network):
    exercises = None if network.exercises is None else network.exercises.double()
    weights = {name: weight.double() for name, weight in network.weights.items()}
    return replace(network, exercises=exercises, weights=weights)


def initial(settings, exercises, seed, *, columns=3):
    generator = torch.Generator().manual_seed(seed)
    e = torch.from_numpy(exercises.astype(np.float32))
    return in_double(Network.initial(settings, len(exercises), columns, e, generator)), generator


def samples(windows, profiles):
    return replace(training.as_samples(windows, profiles), profiles=torch.from_numpy(profiles))


def together_and_alone(settings, windows, profiles, exercises):
    """The same folds both ways, in double precision, where rounding leaves nothing to explain."""
    made = [initial(settings, exercises, seed) for seed in range(len(windows))]
    together = folds.train([n for n, _ in made], windows, profiles, [g for _, g in made])
    alone = []
    for seed, own in enumerate(windows):
        network, generator = initial(settings, exercises, seed)
        alone.append(training.train(network, samples(own, profiles), None, generator))
    return together, alone


def left_out(cohort, settings):
    laid = check_histories(cohort[0], len(cohort[2]))
    return [
        cut_windows(laid, settings.window, min_inputs=settings.min_inputs, targets=split.train)
        for split in leave_one_out(cohort[0])
    ]


@pytest.mark.parametrize(
    "settings",
    [
        TINY,
        replace(TINY, min_inputs=3),
        replace(TINY, dropout=0.0, bias=False),
        replace(TINY, profile_attention=False),
        replace(TINY, temporal_attention=False, combine="sum"),
    ],
    ids=["padded", "whole windows", "no dropout", "no profile", "no steps"],
)
def test_each_fold_is_what_training_it_alone_gives(uneven, settings):
    _, profiles, exercises = uneven
    windows = left_out(uneven, settings)
    assert len({len(own) for own in windows}) > 2
    together, alone = together_and_alone(settings, windows, profiles, exercises)
    for fold, (network, _, losses, _) in enumerate(alone):
        for name, weight in network.weights.items():
            # Dropout's factors are drawn in single precision.
            torch.testing.assert_close(together.network.one(fold).weights[name], weight, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(together.losses[:, fold], losses, rtol=1e-6)


def test_a_fold_without_samples_in_a_batch_takes_no_step(uneven):
    _, profiles, exercises = uneven
    every = left_out(uneven, TINY)[0]
    windows = [every.take(np.arange(n)) for n in (2, 40, 16, 33)]
    together, alone = together_and_alone(TINY, windows, profiles, exercises)
    for fold, (network, *_) in enumerate(alone):
        for name, weight in network.weights.items():
            torch.testing.assert_close(together.network.one(fold).weights[name], weight, rtol=1e-6, atol=1e-7)


def test_blocks_of_dropout_do_not_matter_to_being_alike(uneven, monkeypatch):
    monkeypatch.setattr("core.recommender.network.BLOCK", 300)  # 25 windows, so blocks of one batch
    _, profiles, exercises = uneven
    windows = left_out(uneven, TINY)[:3]
    together, alone = together_and_alone(TINY, windows, profiles, exercises)
    for fold, (network, *_) in enumerate(alone):
        torch.testing.assert_close(
            together.network.one(fold).weights["w_y"], network.weights["w_y"], rtol=1e-6, atol=1e-7
        )


def test_the_paper_s_thirty_epochs_come_to_the_same_answers(small_cohort):
    settings = replace(TINY, epochs=30, min_inputs=3)
    cohort = small_cohort(6, length=20, seed=2)
    histories, profiles, exercises = cohort
    together, alone = together_and_alone(settings, left_out(cohort, settings), profiles, exercises)
    every = cut_windows(check_histories(histories), 3, min_inputs=3)
    rows = [every.take(every.clients == client) for client in range(len(histories))]
    states = together.hidden(
        np.stack([own.items for own in rows]), np.stack([own.clients for own in rows]), profiles
    )
    likely = probabilities(together.network.logits(states))
    hits = 0
    for fold, (network, *_) in enumerate(alone):
        one = samples(rows[fold], profiles)
        with torch.no_grad():
            wanted = probabilities(
                network.logits(network.hidden(network.tables(), one.items, one.clients, one.profiles))
            )
        np.testing.assert_allclose(likely[fold], wanted, atol=1e-5)
        assert (likely[fold].argmax(1) == wanted.argmax(1)).all()
        hits += int((wanted.argmax(1) == rows[fold].targets).sum())
    assert hits > 0.4 * len(every), "it has learnt something that could be lost"


def test_a_fold_is_what_a_recommender_with_its_seed_is(uneven):
    histories, profiles, exercises = uneven
    settings = replace(TINY, epochs=2)
    splits = leave_one_out(histories)
    found = folds.fit(
        histories, profiles, exercises, settings, targets=[s.train for s in splits], seeds=range(10, 18)
    )
    assert len(found) == len(histories)
    assert found.losses.shape == (2, 8)
    everybody = np.tile([[0, 1, 2]], (8, 1))
    likely = probabilities(
        found.network.logits(
            found.hidden(np.tile(everybody, (8, 1, 1)), np.tile(np.arange(8), (8, 1)), profiles)
        )
    )
    for fold, split in enumerate(splits):
        alone = Recommender(settings, seed=10 + fold).fit(histories, profiles, exercises, targets=split.train)
        # In single precision, and a few steps only: see the module on how rounding grows.
        np.testing.assert_allclose(likely[fold], alone.predict_proba(everybody, profiles), atol=1e-4)


def test_how_many_train_together_changes_nothing_but_rounding(uneven):
    histories, profiles, exercises = uneven
    settings = replace(TINY, epochs=2)
    targets = [split.train for split in leave_one_out(histories)]
    every = folds.fit(histories, profiles, exercises, settings, targets=targets, seeds=range(8))
    for fold in (0, 5):
        one = folds.fit(histories, profiles, exercises, settings, targets=[targets[fold]], seeds=[fold])
        for name, weight in one.network.one(0).weights.items():
            torch.testing.assert_close(every.network.one(fold).weights[name], weight, rtol=1e-4, atol=1e-5)


def test_a_client_left_out_teaches_its_fold_nothing(uneven):
    histories, profiles, exercises = uneven
    settings = replace(TINY, epochs=1)
    targets = [split.train for split in leave_one_out(histories)]
    other = [*histories]
    other[3] = [(exercise + 1) % 8 for exercise in histories[3]]
    one, two = (
        folds.fit(h, profiles, exercises, settings, targets=targets, seeds=range(8))
        for h in (histories, other)
    )
    for name, weight in one.network.one(3).weights.items():
        assert torch.equal(weight, two.network.one(3).weights[name])
    assert not torch.equal(one.network.one(2).weights["w_y"], two.network.one(2).weights["w_y"])


def test_fine_tuning_together_is_fine_tuning_each(uneven):
    _, profiles, exercises = uneven
    windows = [own.take(np.arange(20 + 7 * i)) for i, own in enumerate(left_out(uneven, TINY)[:3])]
    stack = Network.stacked([initial(TINY, exercises, seed)[0] for seed in range(3)])
    generators = [torch.Generator().manual_seed(seed) for seed in range(3)]
    before = {name: weight.clone() for name, weight in stack.weights.items()}
    tuned = folds.fine_tune(stack, windows, profiles, 0.001, generators)
    for fold, own in enumerate(windows):
        alone = training.fine_tune(
            stack.one(fold), samples(own, profiles), 0.001, torch.Generator().manual_seed(fold)
        )
        for name, weight in alone.weights.items():
            torch.testing.assert_close(tuned.one(fold).weights[name], weight, rtol=1e-7, atol=1e-9)
            assert torch.equal(stack.weights[name], before[name])


def test_progress_counts_epochs_and_may_end_it(uneven):
    histories, profiles, exercises = uneven
    targets = [split.train for split in leave_one_out(histories)]
    seen = []

    class Enough(Exception):
        pass

    def report(now):
        seen.append((now.epoch, now.epochs, now.train_loss))
        if now.epoch == 2:
            raise Enough

    with pytest.raises(Enough):
        folds.fit(histories, profiles, exercises, TINY, targets=targets, seeds=range(8), progress=report)
    assert [at[:2] for at in seen] == [(1, 4), (2, 4)]
    assert all(np.isfinite(at[2]) for at in seen)


def test_what_cannot_be_trained_is_said(uneven):
    histories, profiles, exercises = uneven
    targets = [split.train for split in leave_one_out(histories)]
    with pytest.raises(InputError, match="8 folds of targets and 2 seeds"):
        folds.fit(histories, profiles, exercises, TINY, targets=targets, seeds=[1, 2])
    with pytest.raises(InputError, match="no window to train on"):
        folds.fit(
            histories, profiles, exercises, TINY, targets=[targets[0], ~targets[0] & False], seeds=[1, 2]
        )
    with pytest.raises(InputError, match="Training diverged in epoch 1"):
        folds.fit(
            histories, profiles, exercises, replace(TINY, learning_rate=1e30), targets=targets, seeds=range(8)
        )
    network, generator = initial(TINY, exercises, 0)
    none = Windows(*[np.empty(0, np.int64)] * 4)
    with pytest.raises(InputError, match="1 networks, 2 sets of windows and 1 generators"):
        folds.train([network], [none, none], profiles, [generator])
