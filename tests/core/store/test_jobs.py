from pathlib import Path

import pytest

from core.errors import Conflict, NotFound
from core.store import Store, jobs
from core.store.jobs import Claim


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def add(store: Store, pieces: int = 2, study: str = "toy") -> str:
    with store.transaction() as db:
        return jobs.add(
            db,
            study=study,
            settings={"a": 1},
            seed=7,
            actor="Ada",
            code_version="1",
            pieces=[f"piece {i}" for i in range(pieces)],
        )


def claim(store: Store, worker: str = "w", *, at: float = 100.0, code: str = "1") -> Claim | None:
    with store.transaction() as db:
        return jobs.claim(db, worker=worker, code_version=code, at=at, seconds=10.0)


def taken(store: Store, worker: str = "w", *, at: float = 100.0) -> Claim:
    found = claim(store, worker, at=at)
    assert found is not None
    return found


def finish(store: Store, held: Claim, result: dict[str, int] | None = None) -> bool:
    with store.transaction() as db:
        return jobs.finish_piece(db, held, seconds=1.0, result=result or {"piece": held.piece})


def test_pieces_are_claimed_in_order_and_the_last_only_when_the_others_are_done(store: Store) -> None:
    job_id = add(store)
    first, second = taken(store), taken(store)
    assert (first.piece, second.piece, first.last) == (0, 1, False)
    assert first.settings == {"a": 1}
    assert (first.seed, first.actor, first.study, first.title) == (7, "Ada", "toy", "piece 0")
    assert claim(store) is None
    assert finish(store, second)
    assert claim(store) is None
    assert finish(store, first)
    last = taken(store)
    assert last.last
    assert jobs.results(store.db, job_id) == [{"piece": 0}, {"piece": 1}]
    with store.transaction() as db:
        assert jobs.finish(db, last, seconds=0.1, result={"mean": 1.5})
    row = jobs.job(store.db, job_id)
    assert (row["state"], row["result"]) == ("done", {"mean": 1.5})
    assert row["started_at"] <= row["finished_at"]
    assert not jobs.waiting(store.db, at=1e9)


def test_an_expired_lease_is_taken_over_and_the_old_token_writes_nothing(store: Store) -> None:
    job_id = add(store, 1)
    old = taken(store, "old", at=100.0)
    assert claim(store, "new", at=110.0) is None, "a lease holds to its last moment"
    new = taken(store, "new", at=110.1)
    assert new.piece == old.piece
    assert new.token != old.token
    with store.transaction() as db:
        assert not jobs.renew(db, old, fraction=0.9, until=200.0)
    assert not finish(store, old, {"from": 1})
    assert finish(store, new, {"from": 2})
    assert not finish(store, new, {"from": 3}), "nobody finishes a piece twice"
    assert jobs.results(store.db, job_id) == [{"from": 2}]


def test_only_the_token_in_force_gives_a_job_up(store: Store) -> None:
    job_id = add(store, 1)
    old = taken(store, "old", at=100.0)
    new = taken(store, "new", at=110.1)
    with store.transaction() as db:
        assert not jobs.give_up(db, old, "The old worker is lost.")
    row = jobs.job(store.db, job_id)
    assert (row["state"], row["message"]) == ("running", "")
    with store.transaction() as db:
        assert jobs.give_up(db, new, "It cannot be done.")
    row = jobs.job(store.db, job_id)
    assert (row["state"], row["message"]) == ("failed", "It cannot be done.")
    with store.transaction() as db:
        assert not jobs.give_up(db, new, "Again.")
    assert jobs.job(store.db, job_id)["message"] == "It cannot be done."


def test_renewing_keeps_the_lease_and_notes_the_fraction(store: Store) -> None:
    job_id = add(store, 1)
    held = taken(store, at=100.0)
    with store.transaction() as db:
        assert jobs.renew(db, held, fraction=0.25, until=130.0)
    assert claim(store, at=120.0) is None
    assert jobs.pieces(store.db, job_id)[0]["fraction"] == 0.25


def test_a_worker_that_leaves_gives_its_piece_back_uncounted_and_one_that_dies_counted(store: Store) -> None:
    job_id = add(store, 1)
    taken(store, "w1")
    with store.transaction() as db:
        jobs.release(db, "w")
    assert claim(store, "w2") is None, "w is not w1"
    with store.transaction() as db:
        jobs.release(db, "w1")
    assert jobs.pieces(store.db, job_id)[0]["attempts"] == 0
    taken(store, "w2")
    with store.transaction() as db:
        jobs.expire(db, "w2", crashed=False)
    assert jobs.pieces(store.db, job_id)[0]["attempts"] == 1
    assert claim(store, "w3") is not None


def test_three_crashes_over_a_piece_fail_its_job_and_hold_up_nobody(store: Store) -> None:
    bad = add(store, 1)
    for _ in range(3):
        assert taken(store, "w").job_id == bad
        with store.transaction() as db:
            jobs.expire(db, "w", crashed=True)
    other = add(store, 1)
    assert taken(store).job_id == other
    row = jobs.job(store.db, bad)
    assert row["state"] == "failed"
    assert "“piece 0” crashed again and again" in row["message"]


def test_silent_ends_are_forgiven_often_but_not_for_ever(store: Store) -> None:
    job_id = add(store, 1)
    for attempt in range(30):
        assert claim(store, at=100.0 + 20 * attempt) is not None
    assert claim(store, at=10_000.0) is None
    assert jobs.job(store.db, job_id)["state"] == "failed"


def test_a_run_half_done_by_other_code_fails_and_one_not_begun_goes_on(store: Store) -> None:
    half, fresh = add(store, 2), add(store, 1)
    assert taken(store).job_id == half
    found = claim(store, code="2")
    assert found is not None
    assert found.job_id == fresh
    assert jobs.job(store.db, fresh)["code_version"] == "2"
    assert claim(store, code="2") is None
    assert jobs.job(store.db, half)["state"] == "failed"
    assert "code has changed" in jobs.job(store.db, half)["message"]


def test_jobs_share_the_workers(store: Store) -> None:
    first, second = add(store, 3), add(store, 3)
    assert [taken(store).job_id for _ in range(4)] == [first, second, first, second]


def test_cancelling_takes_the_pieces_from_their_workers(store: Store) -> None:
    job_id = add(store, 2)
    done, held = taken(store), taken(store)
    assert finish(store, done)
    with store.transaction() as db:
        jobs.cancel(db, job_id)
    with store.transaction() as db:
        assert not jobs.renew(db, held, fraction=0.5, until=500.0)
    assert not finish(store, held)
    assert claim(store) is None
    with store.transaction() as db, pytest.raises(Conflict, match="already cancelled"):
        jobs.cancel(db, job_id)
    with store.transaction() as db:
        jobs.resume(db, job_id)
    again = taken(store)
    assert again.piece == 1, "what was finished is not repeated"
    with store.transaction() as db, pytest.raises(Conflict, match="is running"):
        jobs.resume(db, job_id)


def test_the_data_of_a_job_is_settled_once(store: Store) -> None:
    job_id = add(store)
    with store.transaction() as db:
        assert jobs.settle_data_hash(db, job_id, "abc")
        assert jobs.settle_data_hash(db, job_id, "abc")
        assert not jobs.settle_data_hash(db, job_id, "abd")
    assert jobs.job(store.db, job_id)["data_hash"] == "abc"


def test_lists_are_newest_first_and_filtered(store: Store) -> None:
    a, b, c = add(store), add(store, study="other"), add(store)
    with store.transaction() as db:
        jobs.cancel(db, a)
    assert [row["id"] for row in jobs.newest(store.db)] == [c, b, a]
    assert [row["id"] for row in jobs.newest(store.db, limit=1)] == [c]
    assert [row["id"] for row in jobs.newest(store.db, states=["queued"], study="toy")] == [c]
    assert jobs.count(store.db, states=["queued", "cancelled"]) == 3
    with pytest.raises(NotFound, match="no run 'nope'"):
        jobs.job(store.db, "nope")


def test_a_result_that_json_cannot_hold_is_refused(store: Store) -> None:
    add(store, 1)
    held = taken(store)
    with pytest.raises(ValueError, match="not JSON compliant"):
        finish(store, held, {"x": float("nan")})  # type: ignore[dict-item]
