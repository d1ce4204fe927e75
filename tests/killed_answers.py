"""Answer and undo without end in a child process, kill it at a random moment, and look at what is left; many times.

Run as ``python -m tests.killed_answers FOLDER ROUNDS SEED`` on the data folder of a trained cohort. Exits with an
error if an acknowledged label is missing, a version's weights are not whole, or a client's version does not stand
for exactly the client's standing answers.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from core.recommender import Recommender
from core.services import Store, labelling, models
from core.services.labelling import Answer
from core.store import audit, labels, people, requests, versions, weights


def answer_without_end(folder: Path, acknowledged: int, round_number: int) -> None:
    store = Store(folder)
    user = people.user(store.db, "Ana")["id"]
    number = 0
    while True:
        for request in requests.open_requests(store.db, user_id=user):
            number += 1
            key = f"{round_number}-{number}"
            outcome = labelling.answer(
                store, "Ana", Answer(request["id"], key, "exercise", request["top"][number % 3][0])
            )
            os.write(acknowledged, f"label {outcome.label_id}\n".encode())
            if number % 2:
                labelling.undo(store, "Ana", outcome.label_id or 0)
                os.write(acknowledged, f"undo {outcome.label_id}\n".encode())


def undo_everything(store: Store) -> None:
    """So that the next round has requests to answer."""
    for label in labels.labels(store.db, limit=10_000):
        if not label["undone_at"]:
            labelling.undo(store, "Ana", label["id"])


def look(store: Store, said: list[str]) -> None:
    store.check()
    audit.verify(store.db)
    for line in said:
        what, number = line.split()
        label = labels.label(store.db, int(number))
        if what == "undo" or f"undo {number}" in said:
            assert label["undone_at"] or what == "label", f"acknowledged undo of {number} is lost"
        else:
            # The last one may have been undone without the acknowledgement getting through.
            assert not label["undone_at"] or line == said[-1], f"label {number} was undone by nobody"
    bases: dict[int, Recommender] = {}
    for row in store.db.query("SELECT id, weights, kind FROM model_versions"):
        arrays = weights.load(store.weights, row["weights"])
        if row["kind"] == "base":
            bases[row["id"]] = Recommender.from_state(arrays)
        else:
            Recommender.from_state(arrays, bases[versions.base_version(store.db, row["id"])])
    for client in people.client_ids(store.db, 1).values():
        learnt = []
        version = versions.version(store.db, versions.in_force(store.db, client) or 0)
        while version["kind"] == "answer":
            learnt.append(version["id"])
            version = versions.version(store.db, version["parent_id"])
        assert len(learnt) == len(labels.taught(store.db, client)), f"client {client}: {learnt}"


def main(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    total = 0
    warm = Store(folder)
    models.of_client(warm, 1).recommender.predict_proba(
        [[0]], [[0.0] * models.of_client(warm, 1).recommender.n_profile]
    )
    import core.recommender.training  # noqa: F401

    for round_number in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            answer_without_end(folder, writer, round_number)
        os.close(writer)
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader) as acknowledged:
            said = [line for line in acknowledged.read().splitlines(keepends=False) if len(line.split()) == 2]
        look(warm, said)
        undo_everything(warm)
        total += len(said)
    print(f"{rounds} kills, {total} acknowledgements, none lost")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
