import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError, NoModel
from core.recommender.evaluation import clients_held_out, evaluate
from core.recommender.sequence_models import KINDS, SequenceModel, SequenceSettings, fit_folds

N = 5
RECURRENT = ["gru", "cnn", "mixture"]
TINY = SequenceSettings(width=6, epochs=3, batch_size=4, tastes=2)
QUICK = SequenceSettings(
    width=12, epochs=25, batch_size=4, learning_rate=0.03, dropout=0.0, stopping_share=0.0
)
LOSSES = ["softmax", "pointwise", "bpr", "hinge", "adaptive hinge"]


def walks(clients=9, length=8, seed=0):
    """Histories that mostly go up by one."""
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random((clients, length)) < 0.8, 1, rng.integers(0, N, (clients, length)))
    return [walk.tolist() for walk in np.cumsum(steps, axis=1) % N]


def cycles(length=11):
    return [[(start + t) % N for t in range(length)] for start in range(N)] * 2


@pytest.mark.parametrize("kind", RECURRENT)
def test_the_full_softmax_learns_a_cycle(kind):
    model = SequenceModel(kind, QUICK, seed=1).fit(cycles())
    asked = [[(start + t) % N for t in range(length)] for start in range(N) for length in (1, 4, 9)]
    rows = model.predict_proba(asked)
    right = [(history[-1] + 1) % N for history in asked]
    assert rows.argmax(axis=1).tolist() == right
    assert rows[np.arange(len(asked)), right].min() > 0.8


def test_pooling_learns_what_goes_together_and_nothing_of_the_order():
    rng = np.random.default_rng(0)
    groups = [rng.integers(3 * (client % 2), 3 * (client % 2) + 3, 10).tolist() for client in range(12)]
    model = SequenceModel("pooling", QUICK, seed=1).fit(groups)
    rows = model.predict_proba([[0, 1], [1, 2, 0], [5, 4], [3, 3, 4]])
    assert rows[:2, :3].sum(axis=1).min() > 0.95
    assert rows[2:, 3:].sum(axis=1).min() > 0.95
    np.testing.assert_allclose(model.predict_proba([[0, 1, 4]]), model.predict_proba([[4, 0, 1]]), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSSES)
def test_rows_are_distributions_for_histories_of_any_length(kind, loss):
    model = SequenceModel(kind, replace(TINY, loss=loss, length=6), seed=2).fit(walks(), None, np.eye(7))
    asked = [[], [1], *walks(), [0] * 30]
    rows = model.predict_proba(asked)
    assert rows.shape == (len(asked), 7)
    assert (rows > 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    for history, row in zip(asked, rows, strict=True):
        np.testing.assert_allclose(model.predict_proba([history])[0], row, rtol=1e-4)
    assert model.predict_proba([]).shape == (0, 7)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_last_exercises_are_read(kind):
    model = SequenceModel(kind, replace(TINY, length=4), seed=2).fit(walks())
    np.testing.assert_array_equal(
        model.predict_proba([[4, 4, 0, 1, 2, 3]]), model.predict_proba([[2, 0, 1, 2, 3]])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_exercise_changes_no_earlier_state(kind):
    import torch

    model = SequenceModel(kind, TINY, seed=2).fit(walks())
    assert model._fitted is not None
    architecture, weights = model._fitted
    before, after = torch.tensor([[0, 1, 2, 3, 4, 0]]), torch.tensor([[0, 1, 2, 0, 3, 3]])
    states, changed = architecture.run(weights, before), architecture.run(weights, after)
    assert torch.equal(states[:, :, :4], changed[:, :, :4])
    assert not torch.allclose(states[:, :, 4], changed[:, :, 4])
    # What training takes for the step after three exercises is what a prediction gives.
    step = torch.softmax(architecture.logits(weights, states[:, :, 3]).double(), dim=-1)[0, 0]
    np.testing.assert_allclose(model.predict_proba([[0, 1, 2]])[0], step.numpy(), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_model(kind):
    first = SequenceModel(kind, TINY, seed=4).fit(walks())
    again = SequenceModel(kind, TINY, seed=4).fit(walks())
    other = SequenceModel(kind, TINY, seed=5).fit(walks())
    asked = walks(seed=1)
    np.testing.assert_array_equal(first.predict_proba(asked), again.predict_proba(asked))
    assert first.best_epoch == again.best_epoch > 0
    assert not np.allclose(first.predict_proba(asked), other.predict_proba(asked))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["softmax", "adaptive hinge"])
def test_all_folds_at_once_are_as_one_at_a_time(kind, loss):
    histories = [*walks(), []]
    clients = np.repeat(np.arange(10), [len(history) for history in histories])
    masks = np.stack([clients != client for client in range(6)])
    settings = replace(
        TINY, loss=loss, epochs=8, patience=1, learning_rate=0.05, stopping_share=0.2, length=5
    )
    together = fit_folds(kind, histories, None, masks, settings=settings, seed=3)
    assert len({model.best_epoch for model in together}) > 1, "stopping must differ for this to test anything"
    for fold, model in enumerate(together):
        alone = SequenceModel(kind, settings, seed=3).fit(histories, targets=masks[fold])
        assert alone.best_epoch == model.best_epoch
        np.testing.assert_allclose(
            alone.predict_proba(histories), model.predict_proba(histories), rtol=1e-3, atol=1e-5
        )


def test_a_client_held_out_is_not_learnt_from():
    walk = walks()
    mask = np.repeat(np.arange(9) != 8, 8)
    first = SequenceModel("gru", TINY, seed=1).fit(walk, targets=mask)
    # What this client did is not read; how long its history is decides the batches.
    walk[8] = [0] * 8
    again = SequenceModel("gru", TINY, seed=1).fit(walk, targets=mask)
    np.testing.assert_array_equal(first.predict_proba([[0, 1]]), again.predict_proba([[0, 1]]))


def test_stopping_keeps_the_best_epoch_and_as_published_the_last():
    told: list[float] = []
    settings = replace(QUICK, epochs=60, patience=2, stopping_share=0.3, learning_rate=0.1)
    stopped = SequenceModel("gru", settings, seed=0).fit(walks(), progress=told.append)
    assert len(told) < 60
    assert stopped.best_epoch == len(told) - 2
    published = SequenceModel("gru", SequenceSettings.as_published()).fit(walks(), progress=told.append)
    assert published.best_epoch == 10
    assert told[-1] == 1.0


def test_raising_from_progress_ends_training():
    def stop(_fraction: float) -> None:
        raise KeyboardInterrupt

    model = SequenceModel("cnn", TINY)
    with pytest.raises(KeyboardInterrupt):
        model.fit(walks(), progress=stop)
    with pytest.raises(NoModel, match="fit"):
        model.predict_proba([[0]])


def test_an_evaluation_takes_it_like_any_other_model():
    histories = walks(20)
    split = clients_held_out(histories, np.random.default_rng(0))
    model = SequenceModel("cnn", QUICK, seed=1).fit(histories, targets=split.train)
    found = evaluate(model, histories, np.zeros((20, 1)), split, ks=(1, N), min_inputs=1)
    assert found.top[1] > 0.5
    assert found.top[N] == 1.0


def test_bad_input_is_named():
    for make, says in [
        (lambda: SequenceModel("lstm"), "kind"),
        (lambda: SequenceModel("gru", seed=-1), "seed"),
        (lambda: SequenceSettings(loss="hinges"), "loss"),
        (lambda: SequenceSettings(width=0), "width"),
        (lambda: SequenceSettings(epochs=True), "epochs"),
        (lambda: SequenceSettings(learning_rate=float("inf")), "learning_rate"),
        (lambda: SequenceSettings(dropout=1.0), "dropout"),
        (lambda: SequenceSettings(stopping_share=-0.1), "stopping_share"),
        (lambda: SequenceModel("gru", TINY).fit([[0, 9]], None, np.eye(4)), "histories"),
        (lambda: SequenceModel("gru", TINY).fit([[], []]), "no target"),
        (lambda: SequenceModel("gru", TINY).fit([[0, 1]], targets=[True]), "targets"),
        (lambda: SequenceModel("gru", TINY).fit([[0, 1]], targets=np.array([False, False])), "no target"),
        (lambda: fit_folds("gru", [[0, 1]], None, np.array([True, True])), "one row"),
        (lambda: SequenceModel("gru", TINY).fit(walks()).predict_proba([[N]]), "histories"),
    ]:
        with pytest.raises(InputError, match=says):
            make()


def test_importing_the_models_leaves_torch_alone():
    code = "import sys, core.recommender.sequence_models; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
