import numpy as np
import pytest

from core.bandit.contexts import ENCODING
from core.errors import Conflict
from core.services import health, picks
from core.store import picks as stored
from core.store import weights


def test_a_version_that_was_undone_is_not_taken_for_the_one_with_its_id(store, cohort, clients):
    health.save(store, clients[0], findings=["unstable angina"], by="Ana")
    with pytest.raises(Conflict):
        picks.decide(store, clients[0], by="Ana")  # its first version goes with it
    wanted = picks.PolicySettings(kind="thompson", width=0.3)
    picks.put_in_force(store, cohort, wanted, reason="try", by="Ana")
    assert picks.policy(store, cohort).settings == wanted


def test_a_start_from_before_the_columns_changed_is_drawn_anew(store, cohort, clients):
    settings = picks.PolicySettings(start=50)
    old = {"contexts": np.zeros((3, 60)), "arms": np.arange(3), "rewards": np.ones(3)}
    with store.change("x", by="t", subject="x") as change:
        stored.add_version(
            change.db,
            cohort_id=cohort,
            settings=settings.to_json(),
            start=weights.save(store.weights, old),
            report={"encoding": 60},
            author="Ana",
            reason="long ago",
        )
    before = picks.consider(store, clients[0])
    assert picks.cohort(store, cohort).importance is not None
    picks.put_in_force(store, cohort, settings, reason="now", by="Ana")
    after = picks.consider(store, clients[0])
    assert [arm.score for arm in before.arms] == [arm.score for arm in after.arms]
    assert len(after.context) == ENCODING.size
