from datetime import UTC, date, datetime

import numpy as np
import pytest

from core.bandit.contexts import ENCODING
from core.errors import InputError, NotFound
from core.services import health, picks
from core.services.picks import compared, knowing, policies
from core.store import audit, exercises, people


def test_parts_add_up_and_the_best_leads(store, clients):
    seen = picks.consider(store, clients[0])
    for arm in seen.arms:
        assert arm.base + sum(arm.attributions.values()) + arm.bonus == pytest.approx(arm.score, abs=1e-9)
    scores = sorted((arm.score for arm in seen.arms), reverse=True)
    assert seen.arm(seen.best).score == scores[0]
    assert seen.lead == pytest.approx(scores[0] - scores[1])
    assert sum(arm.propensity for arm in seen.arms) == pytest.approx(1)


def test_looking_changes_nothing(store, clients):
    picks.policy(store, 1)
    before = audit.head(store.db)
    first, second = (picks.consider(store, clients[0]) for _ in range(2))
    assert audit.head(store.db) == before
    assert first == second


def test_a_what_if_shows_both_sides(store, clients):
    plain = picks.consider(store, clients[0])
    wished = next(arm.arm for arm in plain.arms if arm.arm != plain.best)
    seen = picks.consider(store, clients[0], {"preferred_exercise": wished, "energy": "high"})
    assert seen.changed == ("preferred_exercise", "energy")
    assert seen.before == (plain.best, {arm.arm: arm.score for arm in plain.arms})
    assert seen.arm(wished).score > plain.arm(wished).score
    assert picks.consider(store, clients[0]).values["preferred_exercise"] is None


def test_a_flip_flips(store, clients):
    picks.save_wishes(
        store,
        clients[0],
        {"preferred_exercise": "strength", "frequency": 3, "duration": 30, "intensity": "moderate"},
        by="Ana",
    )
    seen = picks.consider(store, clients[0])
    assert seen.flip is not None
    changed = picks.consider(store, clients[0], seen.flip.changes)
    assert changed.best == seen.flip.arm != seen.best
    assert changed.lead == pytest.approx(seen.flip.lead)


def test_no_intensity_above_the_gates_is_proposed(store, clients):
    health.save(store, clients[0], conditions=["type 2 diabetes"], active=True, by="Ana")
    for frequency in (1, 3, 5):
        picks.save_wishes(store, clients[0], {"frequency": frequency, "intensity": "light"}, by="Ana")
        flip = picks.consider(store, clients[0]).flip
        assert flip is None or flip.changes.get("intensity") != "vigorous"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"age": 30.0}, "on record"),
        ({"frequency": 9.0}, "from 0 to 7"),
        ({"frequency": float("nan")}, "from 0 to 7"),
        ({"location": "the moon"}, "one of home"),
        ({"luck": 1.0}, "no attribute"),
    ],
)
def test_what_cannot_be_is_refused(store, clients, changes, says):
    with pytest.raises(InputError, match=says):
        picks.consider(store, clients[0], changes)


def test_how_a_day_is_is_never_read_from_a_document(store, clients):
    with store.change("import", by="t", subject="x") as change:
        people.add_documents(change.db, "preferences", {clients[0]: {"energy": "low", "location": "gym"}})
    seen = picks.consider(store, clients[0])
    assert (seen.values["energy"], seen.values["location"]) == (None, "gym")


def test_an_unknown_client(store):
    with pytest.raises(NotFound):
        picks.consider(store, 999)


def test_a_week_that_has_had_its_strength_lacks_it_no_longer(store, clients):
    monday = date(2026, 3, 2)
    wednesday = date(2026, 3, 4)
    pick = picks.decide(store, clients[0], arm="strength", by="Ana", on=monday)
    picks.record_outcome(store, pick, 1.0, by="Ana")
    before = knowing.of_client(store, clients[0], day=monday).lacking["strength"]
    after = knowing.of_client(store, clients[0], day=wednesday).lacking["strength"]
    next_week = knowing.of_client(store, clients[0], day=date(2026, 3, 9)).lacking["strength"]
    assert (before, after, next_week) == (1.0, 0.5, 1.0)


def test_the_people_compared_with_begin_a_week_of_their_own(store, cohort, clients, monkeypatch):
    place = ENCODING.places["done_strength", None]
    monkeypatch.setattr("core.services.moments.now", lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
    pick = picks.decide(store, clients[0], arm="strength", by="Ana")
    picks.record_outcome(store, pick, 1.0, by="Ana")
    monkeypatch.setattr("core.services.moments.now", lambda: datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert sorted(set(compared.rows_of(store, cohort)[:, place])) == [0.0, 0.5]
    monkeypatch.setattr("core.services.moments.now", lambda: datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert set(compared.rows_of(store, cohort)[:, place]) == {0.0}


def test_a_session_in_the_log_and_in_a_pick_is_one(store, cohort, clients):
    squats = {"reference": "s", "name": "Squats", "category": "strength", "muscle_group": "", "difficulty": 1}
    pick = picks.decide(store, clients[-1], arm="strength", by="Ana", on=date(2026, 3, 2))
    picks.record_outcome(store, pick, 0.5, by="Ana")
    done = "done_strength"
    half = knowing.of_client(store, clients[-1], day=date(2026, 3, 4)).values[done]
    with store.change("log", by="t", subject="x") as change:
        kept = exercises.add_import(
            change.db, cohort, kind="log", path="x", sha256="1", row_count=1, actor="Ana"
        )
        exercise = exercises.add_exercises(change.db, cohort, [squats])["s"]
        exercises.add_log(change.db, [(clients[-1], "2026-03-02T08:00:00.000Z", exercise, 1, 3.0)], kept)
    assert half == 0.25
    assert knowing.of_client(store, clients[-1], day=date(2026, 3, 4)).values[done] == 0.5


def test_another_policys_view_rests_on_the_same_record(store, cohort, clients):
    first = picks.consider(store, clients[0])
    picks.put_in_force(
        store, cohort, picks.PolicySettings(kind="thompson", width=0.5), reason="try", by="Ana"
    )
    second = picks.consider(store, clients[0])
    assert second.values == first.values
    assert second.policy.version_id != first.policy.version_id
    assert all(arm.bonus == 0 for arm in second.arms)


@pytest.mark.parametrize("kind", list(picks.POLICIES))
def test_every_policy_that_is_offered_can_be_explained_and_put_in_force(store, cohort, clients, kind):
    picks.put_in_force(store, cohort, picks.PolicySettings(kind=kind, start=50), reason="try", by="Ana")
    seen = picks.consider(store, clients[0])
    assert seen.policy.settings.kind == kind
    chances = np.array([arm.propensity for arm in seen.arms])
    assert chances.min() >= seen.policy.settings.epsilon / 3 - 1e-12
    assert policies.in_force(store, cohort).policy.n_features == 72


def test_no_more_intensity_than_the_gate_leaves_is_counted_or_tried(store, clients):
    picks.save_wishes(store, clients[0], {"intensity": "vigorous"}, by="Ana")
    assert picks.consider(store, clients[0]).values["intensity"] == "vigorous"
    health.save(store, clients[0], conditions=["type 2 diabetes"], active=True, by="Ana")
    seen = picks.consider(store, clients[0])
    assert seen.values["intensity"] == "moderate"
    assert "gate" in seen.origins["intensity"]
    with pytest.raises(InputError, match="at most moderate"):
        picks.consider(store, clients[0], {"intensity": "vigorous"})


def test_receipts_of_other_columns_teach_nothing(store, cohort, clients, monkeypatch):
    from core.bandit.contexts import Encoding

    picks.record_outcome(store, picks.decide(store, clients[0], by="Ana"), 1.0, by="Ana")
    before = policies.in_force(store, cohort).policy.coefficients()
    policies._running.clear()
    monkeypatch.setattr(Encoding, "version", "others")
    after = policies.in_force(store, cohort).policy.coefficients()
    policies._running.clear()
    fresh = policies.begun(picks.PolicySettings(), np.random.default_rng(0)).coefficients()
    assert np.array_equal(after, fresh)
    assert not np.array_equal(after, before)
