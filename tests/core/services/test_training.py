import pytest

from core.errors import InputError
from core.recommender import Settings
from core.services import models
from tests.cohorts import small_cohort


def never(*_arguments, **_options):
    raise AssertionError("training began")


def test_a_cohort_with_a_single_exercise_is_refused_before_training(tmp_path, monkeypatch):
    store = small_cohort(tmp_path / "data", clients=6, n_exercises=1, days=8, train=False)
    monkeypatch.setattr(models.Recommender, "fit", never)
    with pytest.raises(InputError, match=r"needs at least two exercises.*has 1\b"):
        models.train(store, 1, seed=1)
    assert list(store.weights.iterdir()) == []
    store.close()


def test_two_exercises_are_enough(tmp_path):
    store = small_cohort(tmp_path / "data", clients=8, n_exercises=2, days=8, train=False)
    trained = models.train(store, 1, seed=1, settings=Settings(epochs=2))
    assert len(trained.report["exercise_ids"]) == 2
    store.close()
