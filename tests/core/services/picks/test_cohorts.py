import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import InputError, NotFound
from core.services import health, picks
from core.services.picks import sample
from core.store import audit, people


def test_a_row_for_everybody(store, cohort, clients):
    health.save(store, clients[1], findings=["unstable angina"], by="Ana")
    pick = picks.decide(store, clients[0], by="Ana")
    view = picks.cohort(store, cohort)
    by_id = {row.client_id: row for row in view.rows}
    assert set(by_id) == set(clients)
    assert by_id[clients[0]].waiting == pick
    assert by_id[clients[0]].today == picks.read(store, pick).arm
    assert by_id[clients[1]].best is None
    assert by_id[clients[1]].masked == ("cardio", "strength", "flexibility")
    assert by_id[clients[1]].gate.startswith("Stop")
    for client in clients[2:5]:
        seen = picks.consider(store, client)
        assert by_id[client].best == seen.best
        assert by_id[client].lead == pytest.approx(seen.lead)
    picks.record_outcome(store, pick, 0.5, by="Ana")
    row = next(row for row in picks.cohort(store, cohort).rows if row.client_id == clients[0])
    assert (row.waiting, row.done, row.picks) == (None, 0.5, 1)


def test_importance_is_sorted_and_unknown_attributes_count_for_nothing(store, cohort):
    found = picks.cohort(store, cohort).importance
    assert found.people == 24
    means = [sum(found.values[arm][place] for arm in found.values) for place in range(len(found.keys))]
    assert means == pytest.approx(sorted(means, reverse=True), abs=1e-12)
    place = found.keys.index("race")
    assert all(abs(found.values[arm][place]) < 1e-9 for arm in found.values)


def test_fairness_counts_those_for_whom_an_arm_did_well(store, cohort, clients):
    for client in clients:
        for day, arm in enumerate(("cardio", "strength")):
            pick = picks.decide(store, client, by="Ana", arm=arm, on=date(2026, 1, 5) + timedelta(days=day))
            picks.record_outcome(store, pick, 1.0 if arm == "cardio" else 0.0, by="Ana")
    gaps = {gap.attribute: gap for gap in picks.fairness(store, cohort)}
    assert set(gaps) == {"sex", "age group", "race"}
    assert sum(count for _, count, _ in gaps["sex"].groups) == len(clients)
    assert gaps["race"].groups == ()
    assert "not on record" in gaps["race"].sentence
    best = {row.client_id: row.best for row in picks.cohort(store, cohort).rows}
    served = sum(best[client] == "cardio" for client in clients)
    assert sum(count * rate for _, count, rate in gaps["sex"].groups) == pytest.approx(served)


def test_fairness_leaves_out_those_for_whom_nothing_did_well(store, cohort, clients):
    for client in clients:
        picks.record_outcome(store, picks.decide(store, client, by="Ana"), 0.49, by="Ana")
    assert all(gap.groups == () for gap in picks.fairness(store, cohort))


def test_fairness_does_not_hold_the_gate_against_the_policy(store, cohort, clients):
    for client in clients:
        pick = picks.decide(store, client, by="Ana", arm="strength", on=date(2026, 1, 5))
        picks.record_outcome(store, pick, 1.0, by="Ana")
    for client in clients[:3]:
        history = ["type 2 diabetes"]
        health.save(
            store, client, conditions=history, findings=["unstable retinopathy"], active=True, by="Ana"
        )
        health.clear(store, client, by="Ana", note="seen")
    sex = next(gap for gap in picks.fairness(store, cohort) if gap.attribute == "sex")
    assert sum(count for _, count, _ in sex.groups) == len(clients) - 3


def test_a_day_that_begins_on_the_half_hour_begins_in_the_view(store, cohort, clients, monkeypatch):
    with store.change("move", by="t", subject="x") as change:
        change.db.execute("UPDATE clients SET time_zone = 'Asia/Kolkata'")
    night = datetime(2026, 3, 4, 18, 20, tzinfo=UTC)  # 23:50 in Kolkata
    monkeypatch.setattr("core.services.moments.now", lambda: night)
    picks.decide(store, clients[0], by="Ana")

    def today():
        return next(row.today for row in picks.cohort(store, cohort).rows if row.client_id == clients[0])

    assert today() is not None
    monkeypatch.setattr("core.services.moments.now", lambda: night + timedelta(minutes=15))
    assert today() is None


def test_another_name_is_seen_at_once(store, cohort, clients):
    picks.cohort(store, cohort)
    with store.change("rename", by="t", subject="x") as change:
        change.db.execute("UPDATE clients SET name = 'Zoe' WHERE id = ?", [clients[0]])
    assert "Zoe" in {row.name for row in picks.cohort(store, cohort).rows}


def test_export_is_noted_and_safe(store, cohort, clients):
    with store.change("x", by="t", subject="x") as change:
        change.db.execute("UPDATE clients SET name = '=1+1' WHERE id = ?", [clients[0]])
    pick = picks.decide(store, clients[0], by="Ana")
    picks.record_outcome(store, pick, 1.0, by="Ana")
    name, text = picks.export(store, cohort, by="Ana")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert name.endswith("-synthetic.csv")
    assert rows[0]["client"] == "'=1+1"
    assert (rows[0]["completion"], rows[0]["pick"]) == ("1.0", str(pick))
    assert audit.recent(store.db, 1, f"cohort {cohort}")[0]["action"] == "export picks"


def test_a_setting_is_put_in_force_with_a_reason(store, cohort):
    with pytest.raises(InputError, match="reason"):
        picks.put_in_force(store, cohort, picks.PolicySettings(), reason="  ", by="Ana")
    with pytest.raises(NotFound):
        picks.put_in_force(store, 99, picks.PolicySettings(), reason="why", by="Ana")
    picks.policy(store, cohort)
    picks.put_in_force(store, cohort, picks.PolicySettings(width=0.3), reason="wider", by="Ana")
    held = picks.versions(store, cohort)
    assert [version.settings.width for version in held] == [0.3, 0.1]
    assert (held[0].reason, held[0].author) == ("wider", "Ana")


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "oracle"}, {"width": -1}, {"epsilon": 2}, {"start": 1e9}, {"start": 1.5}, {"width": True}],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(InputError):
        picks.PolicySettings(**wrong)
    with pytest.raises(InputError):
        picks.PolicySettings.from_json({"luck": 1})


def test_the_sample_fortnight_is_made_once(store, cohort):
    with store.change("fewer", by="t", subject="x") as change:
        change.db.execute(
            "UPDATE clients SET cohort_id = ? WHERE id > 5",
            [people.add_cohort(change.db, "others", source="x", synthetic=True)],
        )
    made = sample.add(store, cohort, date(2026, 3, 15))
    assert made == 5 * 14
    assert sample.add(store, cohort, date(2026, 3, 15)) == 0
    rows = picks.cohort(store, cohort).rows
    assert all(row.picks == 14 for row in rows)
    assert {pick.author for pick in picks.of_client(store, 1)} == {"Sample data"}
