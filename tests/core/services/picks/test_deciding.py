import json
import sqlite3
from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import Conflict, InputError, NotFound
from core.services import gating, health, picks
from core.store import audit


def test_a_receipt_says_all_that_the_pick_rests_on(store, clients):
    seen = picks.consider(store, clients[0])
    pick = picks.read(store, picks.decide(store, clients[0], by="Ana", today={"energy": "low"}))
    receipt = pick.receipt
    assert receipt["values"]["energy"] == "low"
    assert receipt["policy"]["version"] == seen.policy.version_id
    assert len(receipt["context"]) == 72
    assert receipt["chosen_by"] == "policy"
    assert pick.propensity == receipt["arms"][pick.arm]["propensity"] > 0
    for part in receipt["arms"].values():
        total = part["base"] + sum(part["attributions"].values()) + part["bonus"]
        assert total == pytest.approx(part["score"], abs=1e-9)
    assert set(receipt["versions"]) == {"code", "guidelines", "encoding"}
    assert receipt["rationale"]["sentence"]


def test_a_receipt_never_changes(store, clients):
    pick_id = picks.decide(store, clients[0], by="Ana")
    for statement in ("UPDATE picks SET arm = 'cardio'", "DELETE FROM picks"):
        with pytest.raises(sqlite3.IntegrityError, match="never"), store.transaction() as db:
            db.execute(statement)
    before = picks.read(store, pick_id).receipt
    picks.record_outcome(store, pick_id, 1.0, by="Ana")
    picks.put_in_force(store, 1, picks.PolicySettings(width=0.3), reason="wider", by="Ana")
    assert picks.read(store, pick_id).receipt == before


def test_asking_again_is_hearing_the_same(store, clients):
    arms = {picks.read(store, picks.decide(store, clients[0], by="Ana")).arm for _ in range(6)}
    assert len(arms) == 1


@pytest.mark.parametrize("kind", ["linucb", "thompson"])
def test_the_draws_keep_to_the_propensities(store, cohort, clients, kind):
    settings = picks.PolicySettings(kind=kind, epsilon=0.5, width=1.0)
    picks.put_in_force(store, cohort, settings, reason="chance", by="Ana")
    first = date(2026, 1, 1)
    made = [
        picks.read(store, picks.decide(store, client, by="Ana", on=first + timedelta(days=day)))
        for client in clients[:10]
        for day in range(20)
    ]
    for arm in picks.ARMS:
        chances = np.array([pick.receipt["arms"][arm]["propensity"] for pick in made])
        count = sum(pick.arm == arm for pick in made)
        # What would be 0 or 1 of each without chance is told from it: at least 4 standard deviations off.
        assert abs(count - chances.sum()) < 4 * np.sqrt((chances * (1 - chances)).sum())
    off_best = np.array([1 - pick.receipt["arms"][pick.receipt["best"]]["propensity"] for pick in made])
    count = sum(pick.arm != pick.receipt["best"] for pick in made)
    assert off_best.sum() > 50
    assert abs(count - off_best.sum()) < 4 * np.sqrt((off_best * (1 - off_best)).sum())


def test_the_newest_of_a_day_holds(store, clients):
    first = picks.decide(store, clients[0], by="Ana")
    second = picks.decide(store, clients[0], by="Bo", arm="flexibility")
    assert picks.read(store, first).replaced_by == second
    chosen = picks.read(store, second)
    assert (chosen.propensity, chosen.receipt["chosen_by"], chosen.replaced_by) == (None, "Bo", None)
    with pytest.raises(Conflict, match="took the place"):
        picks.record_outcome(store, first, 1.0, by="Ana")
    picks.record_outcome(store, second, 0.5, by="Ana")
    with pytest.raises(Conflict, match="on record already"):
        picks.decide(store, clients[0], by="Ana")


def test_a_masked_arm_needs_a_reason_which_the_audit_keeps(store, clients):
    health.save(
        store,
        clients[0],
        conditions=["type 2 diabetes"],
        findings=["unstable retinopathy"],
        active=True,
        by="Ana",
    )
    health.clear(store, clients[0], by="Ana", note="seen")
    seen = picks.consider(store, clients[0])
    assert seen.arm("strength").masked
    assert seen.arm("strength").propensity == 0
    assert seen.best != "strength"
    with pytest.raises(InputError, match="Retinopathy"):
        picks.decide(store, clients[0], by="Ana", arm="strength")
    assert not picks.of_client(store, clients[0])
    pick = picks.read(
        store, picks.decide(store, clients[0], by="Ana", arm="strength", reason="ophthalmologist agrees")
    )
    assert pick.receipt["override"]["reason"] == "ophthalmologist agrees"
    newest = audit.recent(store.db, 1, f"client {clients[0]}")[0]
    assert json.loads(newest["detail"])["override"]["reason"] == "ophthalmologist agrees"
    assert json.loads(newest["detail"])["override"]["rules"]


def test_nothing_is_picked_where_the_gate_leaves_nothing(store, clients):
    health.save(store, clients[0], findings=["unstable angina"], by="Ana")
    seen = picks.consider(store, clients[0])
    assert seen.best is seen.runner_up is seen.rationale is seen.flip is None
    assert all(arm.masked and arm.propensity == 0 for arm in seen.arms)
    with pytest.raises(Conflict, match="leaves nothing"):
        picks.decide(store, clients[0], by="Ana")
    assert not picks.of_client(store, clients[0])


def test_a_gate_that_is_off_masks_nothing(store, cohort, clients):
    health.save(store, clients[0], findings=["unstable angina"], by="Ana")
    gating.switch(store, cohort, on=False, reason="a simulation", by="Ana")
    assert not any(arm.masked for arm in picks.consider(store, clients[0]).arms)
    assert picks.read(store, picks.decide(store, clients[0], by="Ana")).receipt["gate"]["on"] is False


def test_masked_arms_are_never_drawn(store, clients):
    health.save(
        store,
        clients[0],
        conditions=["type 2 diabetes"],
        findings=["unstable retinopathy"],
        active=True,
        by="Ana",
    )
    health.clear(store, clients[0], by="Ana", note="seen")
    for day in range(40):
        pick = picks.read(
            store, picks.decide(store, clients[0], by="Ana", on=date(2026, 1, 1) + timedelta(days=day))
        )
        assert pick.arm != "strength"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"arm": "yoga"}, "one of cardio"),
        ({"today": {"frequency": 3.0}}, "no value of the day"),
        ({"today": {"done_cardio": 1.0}}, "can only be tried"),
        ({"today": {"energy": "endless"}}, "Energy today"),
        ({"arm": "cardio", "reason": "x" * 501}, "500"),
    ],
)
def test_bad_input_makes_no_pick(store, clients, given, says):
    with pytest.raises(InputError, match=says):
        picks.decide(store, clients[0], by="Ana", **given)
    assert not picks.of_client(store, clients[0])


def test_unknown_pick_and_client(store):
    with pytest.raises(NotFound):
        picks.read(store, 1)
    with pytest.raises(NotFound):
        picks.decide(store, 999, by="Ana")


@pytest.mark.parametrize("reason", ["", " . ", "12", "\u200b\u200b"])
def test_a_reason_that_nobody_can_read_is_none(store, clients, reason):
    health.save(store, clients[0], findings=["unstable angina"], by="Ana")
    with pytest.raises(InputError, match="write why"):
        picks.decide(store, clients[0], by="Ana", arm="cardio", reason=reason)


def test_a_reason_counts_against_what_was_seen_and_nothing_else(store, clients):
    health.save(store, clients[0], findings=["ruptured membranes"], conditions=["pregnancy"], by="Ana")
    seen = picks.consider(store, clients[0]).arm("cardio").masked
    health.save(store, clients[0], findings=["ruptured membranes", "aortic dissection"], by="Bo")
    with pytest.raises(Conflict, match="has changed"):
        picks.decide(store, clients[0], by="Ana", arm="cardio", reason="her doctor agrees", seen=seen)
    assert not picks.of_client(store, clients[0])
    seen = picks.consider(store, clients[0]).arm("cardio").masked
    assert picks.decide(store, clients[0], by="Ana", arm="cardio", reason="her doctor agrees", seen=seen)


def test_documents_are_added_to_and_never_changed(store, clients):
    for statement in (
        "UPDATE profiles SET document = '{}'",
        "DELETE FROM profiles",
        "INSERT OR REPLACE INTO profiles SELECT * FROM profiles LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="document"), store.transaction() as db:
            db.execute(statement)
