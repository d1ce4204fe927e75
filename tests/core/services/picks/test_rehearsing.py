from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import InputError
from core.services import picks
from core.services.picks import rehearsing

PURE_CHANCE = picks.PolicySettings(kind="epsilon-greedy", epsilon=1.0, start=0)


def log_at_random(store, cohort, clients, worth, days=12):
    """Picks drawn evenly, each completed by the worth of its arm."""
    picks.put_in_force(store, cohort, PURE_CHANCE, reason="log", by="Ana")
    rng = np.random.default_rng(0)
    for day in range(days):
        for client in clients:
            pick_id = picks.decide(store, client, by="Ana", on=date(2026, 1, 5) + timedelta(days=7 * day))
            done = float(rng.random() < worth[picks.read(store, pick_id).arm])
            picks.record_outcome(store, pick_id, done, by="Ana")


def test_a_setting_that_finds_the_better_arm_is_seen_to_earn_more(store, cohort, clients):
    worth = {"cardio": 0.2, "strength": 0.3, "flexibility": 0.9}
    log_at_random(store, cohort, clients, worth)
    found = picks.rehearse(
        store, cohort, picks.PolicySettings(kind="linucb", width=0.0, epsilon=0.0, start=0)
    )
    assert found.decisions == 12 * len(clients) == picks.logged(store, cohort)
    shares = {arm: share for arm, _, share in found.arms}
    assert shares["flexibility"] > 0.95
    # Each pick is on a Monday, so that the week lacks everything and the reward is the completion. The direct method
    # is left out: its ridge regressions draw every arm towards the mean.
    truth = sum(worth[arm] * share for arm, share in shares.items())
    for estimate in found.estimates:
        assert estimate.difference == pytest.approx(estimate.mean - found.logged_mean)
        if estimate.name != "Direct method":
            assert estimate.low - 0.03 < truth < estimate.high + 0.03
    assert "would have earned more" in found.sentence


def test_a_setting_like_the_log_is_not_told_from_it(store, cohort, clients):
    log_at_random(store, cohort, clients, {"cardio": 0.5, "strength": 0.5, "flexibility": 0.5}, days=6)
    found = picks.rehearse(store, cohort, PURE_CHANCE)
    assert found.effective == pytest.approx(found.decisions)
    assert "do not tell" in found.sentence
    assert found.estimates[0].difference == pytest.approx(0, abs=1e-9)


def test_an_arm_that_the_log_hardly_knows_is_not_judged(store, cohort, clients):
    for day in range(3):
        for client in clients:
            pick = picks.decide(store, client, by="Ana", on=date(2026, 1, 5) + timedelta(days=7 * day))
            picks.record_outcome(store, pick, 1.0, by="Ana")
    found = picks.rehearse(store, cohort, PURE_CHANCE)
    assert found.sentence.startswith("Cannot be told yet")


def test_too_short_a_log_is_said(store, cohort, clients):
    with pytest.raises(InputError, match="there are 0"):
        picks.rehearse(store, cohort, picks.PolicySettings())
    picks.record_outcome(store, picks.decide(store, clients[0], by="Ana"), 1.0, by="Ana")
    chosen = picks.decide(store, clients[1], by="Ana", arm="cardio")
    picks.record_outcome(store, chosen, 1.0, by="Ana")
    assert picks.logged(store, cohort) == 1  # what a person chose has no propensity
    with pytest.raises(InputError, match=f"needs {rehearsing.FEWEST}"):
        picks.rehearse(store, cohort, picks.PolicySettings())


def test_picks_without_chance_say_nothing_of_others(store, cohort, clients):
    certain = picks.PolicySettings(kind="epsilon-greedy", epsilon=0.0)
    picks.put_in_force(store, cohort, certain, reason="log", by="Ana")
    for client in clients:
        for week, energy in enumerate(("low", "high")):
            pick = picks.decide(
                store, client, by="Ana", today={"energy": energy}, on=date(2026, 1, 5) + timedelta(7 * week)
            )
            picks.record_outcome(store, pick, 1.0, by="Ana")
    found = picks.rehearse(store, cohort, PURE_CHANCE)
    assert found.effective >= rehearsing.FEWEST
    assert "could not have come in the log" in found.sentence
    assert "could not have come" not in picks.rehearse(store, cohort, certain).sentence


def test_rewards_are_counted_with_the_weights_in_force(store, cohort, clients):
    rewards = []
    for day in range(2):  # the second day lacks less of what was done on the first
        for client in clients:
            pick = picks.decide(store, client, by="Ana", on=date(2026, 1, 5) + timedelta(days=day))
            rewards.append(picks.record_outcome(store, pick, 1.0, by="Ana").reward)
    assert min(rewards) < 1
    found = picks.rehearse(store, cohort, picks.PolicySettings(completion_weight=0.0))
    assert found.logged_mean == pytest.approx(np.mean(rewards))
    assert any("weights in force" in warning for warning in found.warnings)


def test_a_decision_is_judged_by_a_policy_that_never_saw_its_client(monkeypatch):
    rows = [{"client_id": k % 11, "allowed": [True, k % 3 > 0, True], "place": k} for k in range(60)]
    clients = np.array([row["client_id"] for row in rows])
    judged = []

    class Spy:
        def __init__(self, taught):
            self.taught = {row["client_id"] for row in taught}

        def propensities(self, contexts, *, allowed):
            held = contexts[:, 0].astype(int)
            assert self.taught.isdisjoint(clients[held])
            assert self.taught | set(clients[held]) == set(range(11))
            assert allowed.tolist() == [rows[k]["allowed"] for k in held]
            judged.extend(held.tolist())
            return np.full((len(held), 3), 1 / 3)

    monkeypatch.setattr(rehearsing.policies, "begun", lambda *_: None)
    monkeypatch.setattr(rehearsing.policies, "taught", lambda _, taught, __: Spy(taught))
    contexts = np.arange(60.0)[:, None]
    rehearsing._target(rows, clients, contexts, PURE_CHANCE, np.random.default_rng(0))
    assert sorted(judged) == list(range(60))


def test_clients_are_drawn_with_all_their_decisions():
    clients = np.array([1, 1, 1, 2, 3, 3, 4, 4, 4, 4])
    drawn = rehearsing._redrawn(clients, np.random.default_rng(0))
    times = np.array([np.bincount(places, minlength=clients.size) for places in drawn])
    for client in (1, 2, 3, 4):
        own = times[:, clients == client]
        assert (own == own[:, :1]).all()
    assert (np.array([len(set(clients[places])) for places in drawn]) < 4).any()


@pytest.mark.parametrize("clients", [5, 8, 200])
def test_intervals_hold_the_truth_as_often_as_they_say(clients):
    rng = np.random.default_rng(1)
    trials, inside = 1_000, 0
    for _ in range(trials):
        seen = rng.normal(size=clients)
        redrawn = seen[rng.integers(clients, size=(rehearsing.REPEATS, clients))].mean(axis=1)
        low, high = rehearsing._interval(float(seen.mean()), redrawn, clients)
        inside += low <= 0 <= high
    # Percentiles alone hold it in 83 of 100 for five clients.
    assert 0.92 < inside / trials < 0.97


def test_what_the_log_leaves_out_is_said(store, cohort, clients):
    log_at_random(store, cohort, clients, {"cardio": 0.5, "strength": 0.5, "flexibility": 0.5}, days=2)
    picks.decide(store, clients[0], by="Ana", on=date(2026, 5, 4))  # no word on it yet
    for client in clients[1:3]:  # a person thought otherwise
        picks.decide(store, client, by="Ana", on=date(2026, 5, 4))
        chosen = picks.decide(store, client, by="Ana", arm="cardio", on=date(2026, 5, 4))
        picks.record_outcome(store, chosen, 1.0, by="Ana")
    found = picks.rehearse(store, cohort, PURE_CHANCE)
    assert found.decisions == 2 * len(clients)
    assert any("1 of the policy's picks have no outcome" in warning for warning in found.warnings)
    assert any("in place of 2 a person chose" in warning for warning in found.warnings)
