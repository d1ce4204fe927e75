"""Make picks, say what became of them and change health in a child process, kill it at a random moment, and look.

Run as ``python -m tests.killed_picks FOLDER ROUNDS SEED`` on the data folder of a cohort. Exits with an error if
something acknowledged is missing, or something stands there that the audit does not know, or twice.
"""

import os
import random
import signal
import sys
import time
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from core.errors import Conflict
from core.services import Store, health, picks
from core.services.picks import policies
from core.store import audit, people

COHORT = 1
MADE = {"pick": "picks", "record outcome": "pick_outcomes", "put policy in force": "policy_versions"}


def work_without_end(folder: Path, acknowledged: int, round_number: int) -> None:
    store = Store(folder)
    clients = sorted(people.client_ids(store.db, COHORT).values())

    def say(what: str, number: int) -> None:
        os.write(acknowledged, f"{what} {number}\n".encode())

    for number in count():
        client, day = (
            clients[number % len(clients)],
            date(2020, 1, 1) + timedelta(round_number * 1000 + number),
        )
        try:
            pick = picks.decide(store, client, by="Ana", on=day)
            say("picks", pick)
            say("pick_outcomes", picks.record_outcome(store, pick, 0.5, by="Ana").id)
            if number % 5 == 0:
                picks.undo_outcome(store, pick, by="Ana")
        except Conflict:  # the gate leaves nothing
            pass
        if number % 3 == 0:
            told = {"chest_pain": not health.read(store, client).screening["chest_pain"]}
            health.save(store, client, by="Ana", screening=told, findings=["ketones"] if number % 2 else [])
        if number % 7 == 0:
            settings = picks.PolicySettings(start=20 + number % 5)
            say("policy_versions", picks.put_in_force(store, COHORT, settings, reason="a trial", by="Ana"))


def look(store: Store, said: list[str]) -> None:
    store.check()
    audit.verify(store.db)
    for line in said:
        table, number = line.split()
        assert store.db.execute(f"SELECT 1 FROM {table} WHERE id = ?", [number]).fetchone(), f"{line} is lost"
    for action, table in MADE.items():
        known = store.db.execute("SELECT count(*) FROM audit WHERE action = ?", [action]).fetchone()[0]
        assert known == store.db[table].count, f"{known} times {action}, {store.db[table].count} {table}"
    undone = store.db.execute("SELECT count(*) FROM pick_outcomes WHERE undone_at IS NOT NULL").fetchone()[0]
    taken_back = store.db.execute("SELECT count(*) FROM audit WHERE action = 'undo outcome'").fetchone()[0]
    assert undone == taken_back
    # What a save changed is on record whole: its documents came with the audit's row.
    moved = store.db.execute(
        "SELECT count(*), coalesce(sum(json_extract(detail, '$.screening') IS NOT NULL), 0),"
        " coalesce(sum(json_extract(detail, '$.findings') IS NOT NULL), 0)"
        " FROM audit WHERE action = 'save health'"
    ).fetchone()
    kinds = dict(store.db.execute("SELECT kind, count(*) FROM profiles GROUP BY kind").fetchall())
    first = len(people.client_ids(store.db, COHORT))
    assert (kinds["screening"] - first, kinds.get("health", 0)) == (moved[1], moved[2])
    # The policy that went on from outcome to outcome has learnt what one begun anew learns.
    running = policies.in_force(store, COHORT)
    anew = policies._rebuilt(store, running.version)
    x = np.eye(running.policy.n_features)[:3]
    assert running.known == anew.known
    assert np.allclose(running.policy.scores(x), anew.policy.scores(x), atol=1e-9)


def main(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    total = 0
    store = Store(folder)
    picks.put_in_force(store, COHORT, picks.PolicySettings(start=20), reason="a quick start", by="Ana")
    picks.consider(store, 1)
    for round_number in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            work_without_end(folder, writer, round_number)
        os.close(writer)
        time.sleep(rng.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended by itself"
        with os.fdopen(reader) as acknowledged:
            said = [line for line in acknowledged.read().splitlines() if len(line.split()) == 2]
        look(store, said)
        total += len(said)
    print(f"{rounds} kills, {total} acknowledgements, none lost")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
