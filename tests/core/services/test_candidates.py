import math

import numpy as np
import pytest

from core.recommender import FullHistorySettings, Settings
from core.services import candidates
from core.services.candidates import Judged
from core.services.features import CohortArrays, Encoder


def arrays_of(histories, n_exercises):
    """A cohort whose clients have nothing but their histories."""
    return CohortArrays(
        client_ids=tuple(range(len(histories))),
        exercise_ids=tuple(range(n_exercises)),
        histories=histories,
        profiles=np.zeros((len(histories), 1)),
        exercises=np.zeros((n_exercises, 1)),
        encoder=Encoder.learn([]),
    )


class Always:
    """Says the same whatever came before, and notes what it was asked about."""

    def __init__(self, likely):
        self.likely = np.array(likely)
        self.asked = []

    def predict_proba(self, histories, profiles):
        assert len(profiles) == len(histories)
        self.asked += [list(history) for history in histories]
        return np.tile(self.likely, (len(histories), 1))


def test_each_client_with_a_history_is_held_out_exactly_once():
    arrays = arrays_of([[0], [], [1, 0], [1], [0], [], [1], [0]], 2)
    parts = candidates.folds_of(arrays, 4, seed=3)
    assert len(parts) == 4
    assert sorted(client for part in parts for client in part) == [0, 2, 3, 4, 6, 7]
    assert {len(part) for part in parts} == {1, 2}
    assert parts == candidates.folds_of(arrays, 4, seed=3)
    assert any(parts != candidates.folds_of(arrays, 4, seed=seed) for seed in range(4, 8))


@pytest.mark.parametrize(("known", "parts"), [(3, 3), (2, 2), (1, 0), (0, 0)])
def test_fewer_clients_make_fewer_parts_and_one_alone_none(known, parts):
    found = candidates.folds_of(arrays_of([[0]] * known + [[]] * 4, 2), 5, seed=0)
    assert len(found) == parts
    assert all(len(part) == 1 for part in found)


def test_a_model_is_judged_on_every_exercise_by_what_came_before_it():
    arrays = arrays_of([[0, 1, 2], [1, 1], [2]], 3)
    model = Always([0.5, 0.3, 0.2])
    judged = candidates.judge("markov", model, arrays, [0, 1])
    assert model.asked == [[], [0], [0, 1], [], [1]]
    assert (judged.name, judged.clients, judged.steps) == ("markov", [0, 1], [3, 2])
    assert judged.hits == [[1, 3, 3], [0, 2, 2]]
    assert judged.log_loss == pytest.approx(-(math.log(0.5) + 3 * math.log(0.3) + math.log(0.2)) / 5)
    assert judged.confidence == [0.5] * 5
    assert judged.right == [True, False, False, False, False]


def test_what_was_thought_impossible_costs_much_but_not_everything():
    judged = candidates.judge("markov", Always([1.0, 0.0]), arrays_of([[0, 1], [0, 0]], 2), [0])
    assert judged.log_loss == pytest.approx(-math.log(candidates.IMPOSSIBLE) / 2)
    assert judged.log_loss > 6


def distinct():
    """Four clients who do ten of twelve exercises, none of them twice: by chance alone fifteen would come twice."""
    return [[(start + step) % 12 for step in range(10)] for start in (0, 2, 5, 9)]


def test_where_nobody_repeats_what_was_done_is_out_of_the_running():
    falling = np.arange(12, 0, -1) / 78
    judged = candidates.judge("knn", Always(falling), arrays_of(distinct(), 12), [0])
    assert judged.hits == [[10, 10, 10]]
    shares = [falling[step] / falling[step:].sum() for step in range(10)]
    assert judged.log_loss == pytest.approx(-np.log(shares).mean())
    assert judged.confidence == pytest.approx(shares, abs=1e-5)


def test_one_who_repeats_puts_everything_back_in_the_running():
    falling = np.arange(12, 0, -1) / 78
    histories = [*distinct(), [3, 3]]
    judged = candidates.judge("knn", Always(falling), arrays_of(histories, 12), [0])
    assert judged.hits == [[1, 5, 10]]
    assert judged.log_loss == pytest.approx(-np.log(falling[:10]).mean())


def test_what_is_held_out_is_not_learnt():
    arrays = arrays_of([[0] * 9, [1, 1, 2]], 3)
    model = candidates.fit("popularity", arrays, [0], seed=0)
    assert model.predict_proba([[]], np.zeros((1, 1)))[0].argmax() == 1
    assert (
        candidates.fit("popularity", arrays, [], seed=0).predict_proba([[]], np.zeros((1, 1)))[0].argmax()
        == 0
    )


def judged(name, clients, steps, first, *, log_loss=1.0, confidence=(0.5,), right=(True,)):
    hits = [[one, one + 1, one + 2] for one in first]
    return Judged(name, list(clients), list(steps), hits, log_loss, list(confidence), list(right))


def test_parts_are_put_together_and_the_lead_is_paired_by_client():
    rows = candidates.compare(
        [
            judged("paper", [0], [20], [8], log_loss=1.0, confidence=[0.9, 0.6], right=[True, False]),
            judged("popularity", [1, 0, 2], [10, 20, 10], [1, 2, 1]),
            judged("paper", [1, 2], [10, 10], [6, 4], log_loss=2.0, confidence=[0.3], right=[False]),
            judged("full history", [2, 0], [10, 20], [5, 12]),
            judged("full history", [1], [10], [6]),
        ]
    )
    assert [row["name"] for row in rows] == ["full history", "paper", "popularity"]
    best, paper, popularity = rows
    assert best["title"] == "Full history"
    assert best["top"] == pytest.approx({"1": 57.5, "5": 100 * 26 / 40, "10": 100 * 29 / 40})
    assert (best["best"], best["difference"], best["low"], best["high"]) == (True, None, None, None)
    assert (paper["steps"], paper["clients"], paper["best"]) == (40, 3, False)
    assert paper["log_loss"] == pytest.approx(1.5)
    assert paper["calibration_error"] == pytest.approx((0.1 + 0.6 + 0.3) / 3)
    # Of 20, 10 and 10 steps 12, 6 and 5 are right, against 8, 6 and 4: 5 of 40 more. What is left of each client's
    # lead, 4 - 2.5, 0 - 1.25 and 1 - 1.25, over the mean of steps; t of two degrees of freedom is 4.3027.
    spread = np.std(np.array([1.5, -1.25, -0.25]) / (40 / 3), ddof=1)
    half = 4.302653 * 100 * spread / math.sqrt(3)
    assert (paper["difference"], paper["low"], paper["high"]) == pytest.approx(
        (12.5, 12.5 - half, 12.5 + half), rel=1e-6
    )
    assert popularity["difference"] == pytest.approx(57.5 - 10.0)


def test_the_lead_is_of_the_accuracies_that_stand_beside_it():
    # A client with few steps cannot turn the sign of what all steps say.
    rows = candidates.compare(
        [
            judged("full history", [0, 1], [90, 2], [30, 0]),
            judged("paper", [0, 1], [90, 2], [26, 2]),
        ]
    )
    best, other = rows
    assert best["best"]
    assert other["difference"] == pytest.approx(best["top"]["1"] - other["top"]["1"])
    assert other["low"] < other["difference"] < other["high"]


def test_of_equals_the_one_with_the_lower_log_loss_wins():
    better = judged("paper", [0], [10], [5], log_loss=0.9)
    worse = judged("full history", [0], [10], [5], log_loss=1.1)
    assert candidates.winner(candidates.compare([worse, better])) == "paper"
    assert [row["best"] for row in candidates.compare([worse, better])] == [False, True]


def test_one_client_gives_a_difference_without_an_interval():
    rows = candidates.compare([judged("full history", [0], [10], [5]), judged("paper", [0], [10], [4])])
    assert (rows[1]["difference"], rows[1]["low"], rows[1]["high"]) == (pytest.approx(10.0), None, None)


def test_a_model_that_cannot_be_taught_does_not_win_however_good():
    rows = candidates.compare(
        [judged("paper", [0, 1], [10, 10], [2, 2]), judged("knn", [0, 1], [10, 10], [9, 7])]
    )
    assert candidates.winner(rows) == "paper"
    assert rows[1]["difference"] == pytest.approx(-60.0)


def test_without_a_teachable_one_nothing_is_best():
    rows = candidates.compare([judged("knn", [0], [10], [9])])
    assert (rows[0]["best"], rows[0]["difference"]) == (False, None)
    assert candidates.winner(rows) == ""
    assert candidates.compare([]) == []
    assert candidates.compare([judged("paper", [], [], [])]) == []


def test_settings_and_their_family_belong_together():
    for size in (44, 100):
        assert [
            candidates.family_of(candidates.settings_of(name, size)) for name in candidates.TEACHABLE
        ] == [*candidates.TEACHABLE]
    assert candidates.settings_of("paper", 99) == Settings()
    assert candidates.settings_of("paper", 100) == Settings.movielens()
    assert candidates.settings_of("full history", 100) == FullHistorySettings()


def test_a_report_without_a_family_is_of_the_papers_network():
    assert candidates.family_in({}) == "paper"
    assert candidates.family_in({"family": "full history"}) == "full history"


@pytest.mark.parametrize(("family", "clients"), [("paper", 54), ("full history", 61), (None, 54)])
def test_those_who_told_when_to_stop_count_where_they_were_learnt_from(family, clients):
    report = {"summary": {"training_clients": 54, "stopping_clients": 7}}
    assert candidates.learnt_from(report | ({"family": family} if family else {})) == clients
