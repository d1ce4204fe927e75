import threading
from datetime import date

import numpy as np
import pytest

from core.errors import Conflict, InputError
from core.services import Store, picks
from core.services.picks import policies


def theta(store, cohort):
    return policies.in_force(store, cohort).policy.coefficients()


def test_an_outcome_teaches_and_taking_it_back_leaves_no_trace(store, cohort, clients):
    first = picks.decide(store, clients[0], by="Ana")
    picks.record_outcome(store, first, 1.0, by="Ana")
    before = theta(store, cohort)
    second = picks.decide(store, clients[1], by="Ana")
    picks.record_outcome(store, second, 0.0, by="Ana")
    assert picks.policy(store, cohort).learnt == 2
    assert not np.array_equal(theta(store, cohort), before)
    picks.undo_outcome(store, second, by="Bo")
    assert picks.policy(store, cohort).learnt == 1
    assert np.array_equal(theta(store, cohort), before)
    picks.record_outcome(store, second, 0.5, by="Ana")
    assert picks.read(store, second).outcome.completion == 0.5


def test_reward_weighs_completion_and_what_the_week_lacked(store, cohort, clients):
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)
    one = picks.decide(store, clients[0], by="Ana", arm="strength", on=monday)
    two = picks.decide(store, clients[0], by="Ana", arm="strength", on=tuesday)
    assert picks.record_outcome(store, one, 1.0, by="Ana").reward == pytest.approx(1.0)
    three = picks.decide(store, clients[0], by="Ana", arm="strength", on=date(2026, 3, 4))
    lacking = picks.read(store, three).receipt["lacking"]["strength"]
    outcome = picks.record_outcome(store, three, 1.0, by="Ana")
    assert lacking == 0.5
    assert (outcome.progress, outcome.reward) == (0.5, pytest.approx(0.7 + 0.3 * 0.5))
    assert picks.record_outcome(store, two, 0.0, by="Ana").reward == 0.0


def test_another_process_finds_the_same_policy(store, cohort, clients):
    for client in clients[:5]:
        picks.record_outcome(store, picks.decide(store, client, by="Ana"), 1.0, by="Ana")
    step_by_step = theta(store, cohort)
    policies._running.clear()
    assert np.array_equal(theta(Store(store.folder), cohort), step_by_step)


@pytest.mark.parametrize("completion", [float("nan"), float("inf"), -0.1, 1.1, True, "done", None])
def test_what_is_no_share_teaches_nothing(store, cohort, clients, completion):
    pick = picks.decide(store, clients[0], by="Ana")
    before = theta(store, cohort)
    with pytest.raises(InputError, match="share from 0 to 1"):
        picks.record_outcome(store, pick, completion, by="Ana")
    assert picks.read(store, pick).outcome is None
    assert np.array_equal(theta(store, cohort), before)


def test_of_two_who_say_it_at_once_one_is_heard(store, cohort, clients):
    pick = picks.decide(store, clients[0], by="Ana")
    heard: list[str] = []

    def say(name: str) -> None:
        try:
            picks.record_outcome(store, pick, 1.0, by=name)
            heard.append(name)
        except Conflict:
            pass

    threads = [threading.Thread(target=say, args=(name,)) for name in ("Ana", "Bo", "Cy", "Di")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 1
    assert picks.read(store, pick).outcome.author == heard[0]
    assert picks.policy(store, cohort).learnt == 1


def test_wishes_are_kept_and_taken_away(store, clients):
    picks.save_wishes(store, clients[0], {"location": "gym", "frequency": 3}, by="Ana")
    picks.save_wishes(store, clients[0], {"location": None, "buddy": "alone"}, by="Ana")
    values = picks.consider(store, clients[0]).values
    assert (values["location"], values["frequency"], values["buddy"]) == (None, 3.0, "alone")
    with pytest.raises(InputError, match="for the day alone"):
        picks.save_wishes(store, clients[0], {"energy": "low"}, by="Ana")
    with pytest.raises(InputError, match="on record"):
        picks.save_wishes(store, clients[0], {"sex": "male"}, by="Ana")


def test_whoever_asks_meanwhile_each_outcome_is_learnt_once(store, cohort, clients):
    picks.policy(store, cohort)

    def work(mine: list[int]) -> None:
        for client in mine:
            pick = picks.decide(store, client, by="Ana")
            picks.record_outcome(store, pick, 1.0, by="Ana")
            theta(store, cohort)
            if client % 3 == 0:
                picks.undo_outcome(store, pick, by="Ana")

    threads = [threading.Thread(target=work, args=(clients[k::4],)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    as_it_came = theta(store, cohort)
    policies._running.clear()
    assert np.array_equal(theta(store, cohort), as_it_came)
    assert picks.policy(store, cohort).learnt == sum(client % 3 != 0 for client in clients)
