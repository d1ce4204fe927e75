"""What stands between the models and the table: splits, files, ranks, choices and intervals."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from benchmarks.recommenders import __main__ as command
from benchmarks.recommenders import cohorts, environment, keeping, peers, report, tuning
from benchmarks.recommenders.gru import GRU
from benchmarks.recommenders.keeping import Kept
from benchmarks.recommenders.measuring import KS, Task, hits, percent, ranks_of, scores_of
from benchmarks.recommenders.models import InProcess
from benchmarks.recommenders.peers import RecTools
from core.errors import InputError, JobFailed
from core.recommender.baselines import Markov, Popularity
from core.recommender.evaluation import evaluate
from workbench.start import SetupError


def markov(cohort, train):
    arrays = cohort.arrays
    return Markov().fit(arrays.histories, arrays.profiles, arrays.exercises, targets=train)


# Ranking


@pytest.mark.parametrize("split", cohorts.SPLITS)
@pytest.mark.parametrize("exclude", [False, True])
def test_ranks_are_those_of_the_projects_own_evaluation(cohort, split, exclude):
    outer = cohorts.split(cohort, split, 3)
    task = Task(cohort, outer.train, cohorts.places(outer.test), 3, exclude)
    model = markov(cohort, outer.train)
    own = evaluate(model, cohort.arrays.histories, cohort.arrays.profiles, outer, exclude_seen=exclude)
    assert own.windows == len(task.places)
    assert percent(ranks_of(scores_of(model, task), task, "Markov")) == pytest.approx(
        [100 * own.top[k] for k in KS]
    )


def test_only_the_order_of_scores_counts(task):
    scores = scores_of(markov(task.cohort, task.train), task)
    found = ranks_of(scores, task, "Markov")
    np.testing.assert_array_equal(ranks_of(5 * scores - 2, task, "Markov"), found)
    assert not np.array_equal(ranks_of(-scores, task, "Markov"), found)


@pytest.mark.parametrize("shape", [(3, 6), (-1, 6), (0, 5), (0, 7)])
def test_scores_of_the_wrong_shape_are_refused(task, shape):
    rows = len(task.places) + shape[0] if shape[0] <= 0 else shape[0]
    with pytest.raises(InputError, match="a row for each tested window and a column for each item"):
        ranks_of(np.zeros((rows, shape[1])), task, "a peer")


def test_scores_that_are_not_numbers_are_refused(task):
    scores = np.zeros((len(task.places), task.cohort.n_items))
    scores[1, 2] = np.nan
    with pytest.raises(InputError, match=r"scores of a peer\[1, 2\] is nan"):
        ranks_of(scores, task, "a peer")


# Splits


@pytest.mark.parametrize("name", cohorts.SPLITS)
def test_settings_are_chosen_without_a_look_at_what_is_tested(cohort, name):
    outer, inner = cohorts.split(cohort, name, cohorts.TUNED_WITH), cohorts.validation(cohort, name)
    assert inner.test.any()
    assert inner.train.any()
    assert not (inner.train & inner.test).any()
    np.testing.assert_array_equal(inner.train | inner.test, outer.train)
    if name == "clients":
        clients = cohort.laid.clients
        assert not np.intersect1d(clients[inner.train], clients[inner.test]).size
    else:
        # Of each client the end of what may be trained on.
        for client in range(len(cohort.laid)):
            mine = inner.test[cohort.laid.clients == client][outer.train[cohort.laid.clients == client]]
            assert mine.sum() == len(mine) // 5
            assert mine[len(mine) - mine.sum() :].all()


# Peers in an environment of their own


def write_scores(file, scores):
    np.savez(file, scores=scores)


def test_a_file_of_scores_is_taken_only_in_full(task, tmp_path):
    file = tmp_path / "scores.npz"
    rows, n = len(task.places), task.cohort.n_items
    write_scores(file, np.ones((2, rows, n)))
    assert len(peers.read_scores(file, task, [5, 10], "a peer")) == 2
    with pytest.raises(InputError, match="3 matrices are expected"):
        peers.read_scores(file, task, [5, 10, 15], "a peer")
    write_scores(file, np.ones((1, rows - 1, n)))
    with pytest.raises(InputError, match="a row for each tested window"):
        peers.read_scores(file, task, [5], "a peer")
    write_scores(file, np.ones((rows, n)))
    with pytest.raises(InputError, match="matrices are expected"):
        peers.read_scores(file, task, [5], "a peer")
    np.savez(file, other=np.ones(3))
    with pytest.raises(InputError, match=r"scores\.npz holds no scores of a peer; it holds other"):
        peers.read_scores(file, task, [5], "a peer")
    file.write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"scores\.npz cannot be read"):
        peers.read_scores(file, task, [5], "a peer")


RUNNER = """
import json, sys
import numpy as np
arrays, job = np.load(sys.argv[1]), json.load(open(sys.argv[2]))
if job["parameters"].get("fail"):
    raise SystemExit("no memory left")
last = np.where(np.isin(arrays["places"], arrays["starts"]), 0, arrays["items"][arrays["places"] - 1])
scores = -((np.arange(job["n_items"]) - last[:, None] - 1) % job["n_items"])
np.savez(sys.argv[3], scores=np.stack([scores * epochs for epochs in job["epochs"]]))
"""


@pytest.fixture
def peer(tmp_path, monkeypatch):
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER)
    monkeypatch.setattr(peers, "RUNNER", runner)
    return RecTools("sasrec", "A peer", lambda: peers.Path(sys.executable), 1, ({},), (1, 2))


def test_a_peer_reads_a_task_and_writes_scores(task, peer):
    first, second = peer.scores(task, {}, [1, 2])
    np.testing.assert_array_equal(2 * first, second)
    # It says what comes next in the round, which is right wherever there was something before.
    before = task.places > task.cohort.laid.starts[task.cohort.laid.clients[task.places]]
    found = ranks_of(first, replace(task, exclude_seen=False), peer.title)
    assert (found[before] == 0).all()


def test_a_peer_that_fails_says_why(task, peer):
    with pytest.raises(JobFailed, match="A peer could not be trained: no memory left"):
        list(peer.scores(task, {"fail": True}, [1]))


def test_the_environment_that_is_there_is_taken_and_another_folder_left_alone(tmp_path):
    folder = tmp_path / "peers"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(SetupError, match="is not a virtual environment"):
        environment.prepare(folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_half_made_environment_is_finished_and_stamped(tmp_path, monkeypatch):
    folder, made = tmp_path / "peers", []

    def make(where, python, stream, held):
        made.append(where)
        if len(made) == 1:
            raise SetupError("No connection.")
        (where / "pyvenv.cfg").touch()
        python.parent.mkdir(exist_ok=True)
        python.touch()

    monkeypatch.setattr(environment, "_make", make)
    with pytest.raises(SetupError, match="No connection"):
        environment.prepare(folder)
    (folder / "pyvenv.cfg").touch()
    python = environment.prepare(folder)
    assert environment.prepare(folder) == python
    assert made == [folder, folder]
    (folder / "peers.json").write_text(json.dumps({"torch": "1.0"}))
    environment.prepare(folder)
    assert len(made) == 3


# What is kept


class Counting:
    """A candidate that counts how often it was trained."""

    def __init__(self):
        self.trained = 0

    def make(self, _n_items, _seed, _repeats_excluded, smoothing=1.0):
        self.trained += 1
        return Markov(smoothing=smoothing)


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def candidate(counting):
    return InProcess("markov", "Markov", counting.make, grid=({"smoothing": 1.0}, {"smoothing": 5.0}))


CHOICE = {"parameters": {"smoothing": 1.0}, "epochs": [], "validation": None}


def test_what_was_measured_is_not_measured_again(cohort, candidate, counting, tmp_path):
    def measure(choice=CHOICE, **options):
        return command.measure(
            candidate, cohort, "clients", "excluded", 2, choice, tmp_path, again=False, **options
        )

    first, second = measure(), measure()
    assert counting.trained == 1
    np.testing.assert_array_equal(first.ranks["excluded"], second.ranks["excluded"])
    np.testing.assert_array_equal(first.clients, second.clients)
    assert first.origin == second.origin
    outer = cohorts.split(cohort, "clients", 2)
    own = evaluate(
        markov(cohort, outer.train), cohort.arrays.histories, cohort.arrays.profiles, outer, exclude_seen=True
    )
    assert percent(second.ranks["excluded"]) == pytest.approx([100 * own.top[k] for k in KS])
    # Other settings, or a damaged file, are measured.
    measure(CHOICE | {"parameters": {"smoothing": 2.0}})
    assert counting.trained == 2
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    measure(CHOICE | {"parameters": {"smoothing": 2.0}})
    assert counting.trained == 3


def test_measured_anew_when_asked_or_when_the_data_are_others(cohort, candidate, counting, tmp_path):
    def measure(cohort, *, again=False):
        return command.measure(
            candidate, cohort, "last", "excluded", 1, CHOICE, tmp_path, again=again
        ).origin["data"]

    first = measure(cohort)
    measure(cohort, again=True)
    assert counting.trained == 2
    turned = [list(reversed(history)) for history in cohort.arrays.histories]
    assert measure(replace(cohort, arrays=replace(cohort.arrays, histories=turned))) != first
    assert counting.trained == 3


def test_a_model_that_learns_by_the_way_of_ranking_is_kept_apart(task):
    allowed = replace(task, exclude_seen=False)
    files = {
        keeping.file_of(keeping.Path(), one, "clients", "gru", reads_repeats=reads)
        for one in (task, allowed)
        for reads in (False, True)
    }
    assert len(files) == 3


# Choosing settings


def test_the_best_setting_is_chosen_and_the_search_goes_on_where_it_stopped(cohort, tmp_path):
    tried = []

    class Told(Popularity):
        """Foretells the next in the round, as surely as told."""

        def __init__(self, sure):
            super().__init__()
            self.sure = sure

        def predict_proba(self, histories, _profiles=None):
            tried.append(self.sure)
            rows = np.full((len(histories), cohort.n_items), 1.0)
            for row, history in zip(rows, histories, strict=True):
                if len(history):
                    row[(history[-1] + self.sure) % cohort.n_items] = 9
            return rows

    def candidate(*sure):
        return InProcess(
            "told",
            "Told",
            lambda _n, _seed, _excluded, **parameters: Told(**parameters),
            grid=tuple({"sure": one} for one in sure),
        )

    def tune(*sure):
        return tuning.tune(candidate(*sure), cohort, "clients", "allowed", tmp_path, lambda _text: None)

    best = tune(2, 1, 3)
    assert best["parameters"] == {"sure": 1}
    assert best["validation"][0] > 60
    tried.clear()
    assert tune(2, 1, 3, 4) == best
    assert set(tried) == {4}
    file = tmp_path / "tuned.json"
    tuning.keep(file, candidate(1, 2), cohort, "clients", "allowed", best)
    choices = tuning.read(tmp_path / "none.json", file)
    assert tuning.chosen(choices, candidate(1, 2), cohort, "clients", "allowed") == best
    with pytest.raises(InputError, match="run with --tune"):
        tuning.chosen(choices, candidate(1, 2), cohort, "last", "allowed")


def test_epochs_are_chosen_with_the_settings(cohort, tmp_path):
    candidate = InProcess(
        "gru",
        "GRU",
        lambda n, seed, _excluded, **parameters: GRU(n, seed, embedding=8, hidden=8, **parameters),
        grid=({"dropout": 0.0, "learning_rate": 0.03},),
        epochs=(1, 25),
    )
    best = tuning.tune(candidate, cohort, "clients", "allowed", tmp_path, lambda _text: None)
    assert best["epochs"] == [25]
    (file,) = (tmp_path / "tuning").rglob("*.json")
    assert len(json.loads(file.read_text())["figures"]) == 2


# The table


def kept(ranks, clients):
    return Kept({"excluded": np.array(ranks)}, np.array(clients), {"code": "1"})


def test_differences_are_paired_by_seed_and_by_client():
    rng = np.random.default_rng(0)
    clients = np.repeat(np.arange(40), 5)
    ours = report.Measured("ours", True, [kept(rng.integers(0, 6, 200), clients) for _ in range(3)])
    other = report.Measured("other", False, [kept(rng.integers(0, 20, 200), clients) for _ in range(3)])
    apart = np.array(
        [
            100 * (hits(a.ranks["excluded"]) - hits(b.ranks["excluded"])).mean(axis=0)
            for a, b in zip(ours.kept, other.kept, strict=True)
        ]
    )
    for column, found in enumerate(report.differences(ours, other, "excluded", np.random.default_rng(1))):
        assert found.mean == pytest.approx(apart[:, column].mean())
        expected = stats.ttest_1samp(apart[:, column], 0).confidence_interval(0.95)
        assert found.seeds.low == pytest.approx(expected.low)
        assert found.seeds.high == pytest.approx(expected.high)
        # All clients weigh the same here: the bootstrap is near the normal interval of their means.
        each = np.array(
            [
                np.mean(
                    [
                        (hits(a.ranks["excluded"]) - hits(b.ranks["excluded"]))[clients == client, column]
                        for a, b in zip(ours.kept, other.kept, strict=True)
                    ]
                )
                for client in range(40)
            ]
        )
        half = 1.96 * 100 * each.std() / np.sqrt(40)
        assert found.clients.mean == pytest.approx(100 * each.mean())
        assert found.clients.low == pytest.approx(100 * each.mean() - half, abs=0.15 * half)
        assert found.clients.high == pytest.approx(100 * each.mean() + half, abs=0.15 * half)


@pytest.mark.parametrize(("ahead", "word"), [(3, "is ahead"), (0, "is NOT ahead")])
def test_the_verdict_compares_with_the_best_peer(ahead, word):
    clients = np.arange(400)
    base = [np.random.default_rng(seed).integers(0, 40, 400) for seed in range(3)]
    measured = {
        "ours": report.Measured("ours", True, [kept(np.maximum(one - ahead, 0), clients) for one in base]),
        "near": report.Measured("near", False, [kept(one, clients) for one in base]),
        "far": report.Measured("far", False, [kept(one + 20, clients) for one in base]),
        "old": report.Measured("ours before", True, [kept(0 * one, clients) for one in base]),
    }
    lines = report.verdict(measured, "ours", "excluded")
    assert [line[:6] for line in lines] == ["top-1:", "  Ours", "top-10", "  Ours"]
    for line in lines[::2]:
        assert f"ours {word} of the best peer (near)" in line
    for line in lines[1::2]:
        assert line.startswith("  Ours before: −"), (
            "what is ours and better than every peer is told beside it"
        )
    without = {name: model for name, model in measured.items() if name != "old"}
    assert report.verdict(without, "ours", "excluded") == lines[::2]
    table = report.table(measured, "ours", "excluded", markdown=True)
    assert [line.split(" | ")[0] for line in table[2:]] == ["| ours", "| near", "| far", "| ours before"]
    assert all(line.count("|") == 8 for line in table)


def no_network(_folder):
    raise SetupError("No connection.")


def test_a_run_prints_a_table_and_writes_every_figure(cohort, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "_cohorts", lambda _chosen: [cohort])
    arguments = ["--out", str(tmp_path), "--seeds", "2", "--only", "markov,popularity", "--splits", "clients"]
    command.run(command.arguments([*arguments, "--tune", "--ours", "markov", "--markdown"]))
    printed = capsys.readouterr().out
    assert "A test cohort; clients held out; repeats excluded; 2 seeds" in printed
    assert "| first-order Markov |" in printed
    assert "first-order Markov: smoothing" in printed
    (written,) = json.loads((tmp_path / "figures.json").read_text()).values()
    for name in ("markov", "popularity"):
        assert set(written["models"][name]["accuracy"]) == {"1", "2"}
    # A peer that cannot be had leaves a gap that is told.
    monkeypatch.setattr(command.environment, "prepare", no_network)
    command.run(
        command.arguments([*arguments[:-4], "--only", "popularity,sasrec", "--splits", "clients", "--tune"])
    )
    assert "RecTools SASRec was NOT measured: No connection." in capsys.readouterr().out
    # One that takes no part in a table leaves it empty, and what is measured anew may be anybody.
    only = [*arguments[:-4], "--splits", "clients", "--only"]
    command.run(command.arguments([*only, "sasrec", "--tune"]))
    printed = capsys.readouterr().out
    assert "2 seeds: nobody was measured" in printed
    (written,) = json.loads((tmp_path / "figures.json").read_text()).values()
    assert written["models"] == {}
    command.run(command.arguments([*only, "popularity", "--again", "markov"]))
    with pytest.raises(InputError, match="--again holds 'sasrek'"):
        command.run(command.arguments([*only, "popularity", "--again", "sasrek"]))
    with pytest.raises(InputError, match="--only holds 'sasrek'"):
        command.run(command.arguments(["--only", "sasrek"]))
    with pytest.raises(InputError, match="--ours is 'gru'"):
        command.run(command.arguments([*arguments, "--ours", "gru"]))


# The GRU


def test_the_gru_learns_the_round_and_is_the_same_for_the_same_seed(cohort):
    arrays = cohort.arrays

    def fitted(**options):
        return GRU(6, 1, embedding=16, hidden=16, dropout=0.0, learning_rate=0.02, epochs=20, **options).fit(
            arrays.histories
        )

    model = fitted()
    rows = model.predict_proba([[0, 1], [5, 0, 1, 2], []])
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert list(rows[:2].argmax(axis=1)) == [2, 3]
    np.testing.assert_array_equal(fitted().predict_proba([[0, 1], [5, 0, 1, 2], []]), rows)
    # The order and number of the histories asked about change nothing but rounding.
    np.testing.assert_allclose(model.predict_proba([[0, 1]]), rows[:1], atol=1e-6)


def test_the_gru_reads_the_allowed_targets_alone(cohort):
    arrays = cohort.arrays
    mask = np.random.default_rng(0).random(len(cohort.laid.items)) < 0.5
    changed, start = [], 0
    for history in arrays.histories:
        # Another last item where it is no target: nothing else can tell.
        allowed = mask[start : start + len(history)]
        changed.append(history if allowed[-1] else [*history[:-1], (history[-1] + 3) % 6])
        start += len(history)
    assert changed != arrays.histories
    one, other = (
        GRU(6, 1, embedding=8, hidden=8, epochs=2).fit(histories, targets=mask).predict_proba([[0, 1], []])
        for histories in (arrays.histories, changed)
    )
    np.testing.assert_array_equal(one, other)


def test_seen_items_may_be_left_out_of_the_grus_loss():
    """Where nothing comes again, what is left at the end is certain, and only the masked loss knows it at once."""
    rng = np.random.default_rng(0)
    histories = [list(rng.permutation(6)) for _ in range(40)]
    losses = []
    for masked in (False, True):
        model = GRU(6, 0, embedding=8, hidden=8, epochs=3, mask_seen=masked).fit(histories)
        likely = model.predict_proba([history[:-1] for history in histories])
        losses.append(likely[np.arange(40), [history[-1] for history in histories]].mean())
    assert losses[0] != losses[1]
    seen = GRU(6, 0)._seen(torch.tensor([[6, 2, 2, 5, 7]]))
    np.testing.assert_array_equal(seen[0].sum(dim=1), [0, 1, 1, 2, 2])
