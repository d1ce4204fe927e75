"""The recommenders that a cohort can have, judged on clients that they did not learn from, and which of them is best.

Two can be put in force, because a trainer's answers can teach them: the recurrent ensemble over the full history, and
the paper's network. Three simple ones stand beside them, so that everybody sees what the two are worth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recommender import FullHistorySettings, Progress, Recommender, Settings
from core.services.features import CohortArrays, FloatArray
from core.services.studies.statistics import Interval, interval

if TYPE_CHECKING:
    from core.recommender.baselines import Model

FULL_HISTORY, PAPER = "full history", "paper"
TITLES = {
    FULL_HISTORY: "Full history",
    PAPER: "Network of the paper",
    "markov": "Markov, first order",
    "knn": "Item-kNN",
    "popularity": "Popularity",
}
TEACHABLE = (FULL_HISTORY, PAPER)
FOLDS = 5
KS = (1, 5, 10)
FILMS = 100  # from so many exercises on, the paper's network has its sizes for films

AnySettings = Settings | FullHistorySettings


def settings_of(name: str, n_exercises: int) -> AnySettings:
    """What a teachable candidate is built from, for a catalogue of so many exercises."""
    if name == FULL_HISTORY:
        return FullHistorySettings()
    return Settings.movielens() if n_exercises >= FILMS else Settings()


def family_of(settings: AnySettings) -> str:
    """The teachable candidate that has such settings."""
    return FULL_HISTORY if isinstance(settings, FullHistorySettings) else PAPER


def family_in(report: Mapping[str, Any]) -> str:
    """The teachable candidate that a base version's report is of; in older ones, which name none, the paper's."""
    return str(report.get("family", PAPER))


def learnt_from(report: Mapping[str, Any]) -> int:
    """How many clients a base version learnt from; the ensemble in the end from those too who told when to stop."""
    summary = report["summary"]
    stopping = summary["stopping_clients"] if family_in(report) == FULL_HISTORY else 0
    return int(summary["training_clients"] + stopping)


IMPOSSIBLE = 1e-6
"""The least that a step's probability counts as in a log loss: one step that cannot be does not decide the mean."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate on some clients held out; each list has a place for each of them.

    Attributes:
        steps: exercises that were predicted.
        hits: how many were among the first 1, 5 and 10.
        log_loss: mean cross-entropy in nats over all steps of the clients, each at most −log `IMPOSSIBLE`; confidence
            and right: of the first choice at each of these steps, for the calibration error.
    """

    name: str
    clients: list[int]
    steps: list[int]
    hits: list[list[int]]
    log_loss: float
    confidence: list[float]
    right: list[bool]

    def to_json(self) -> dict[str, Any]:
        """As a piece of a study keeps it."""
        return asdict(self)


def folds_of(arrays: CohortArrays, folds: int, seed: int) -> list[list[int]]:
    """Clients with something to predict in so many parts at random; fewer parts where there are fewer clients.

    Empty with fewer than two such clients: nobody can be held out.
    """
    known = [client for client, history in enumerate(arrays.histories) if history]
    if len(known) < 2:
        return []
    order = np.random.default_rng(seed).permutation(known)
    return [sorted(part.tolist()) for part in np.array_split(order, min(folds, len(known)))]


def fit(
    name: str,
    arrays: CohortArrays,
    held_out: Sequence[int],
    *,
    seed: int,
    settings: AnySettings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> "Model":
    """A candidate that has learnt from everybody but the clients held out."""
    from core.recommender import baselines

    owners = np.repeat(np.arange(len(arrays.histories)), [len(history) for history in arrays.histories])
    targets = ~np.isin(owners, held_out)
    if name in TEACHABLE:
        chosen = settings or settings_of(name, len(arrays.exercise_ids))
        return Recommender(chosen, seed=seed).fit(
            arrays.histories, arrays.profiles, arrays.exercises, targets=targets, progress=progress
        )
    simple: dict[str, Callable[[], baselines.Popularity | baselines.Markov | baselines.ItemKNN]] = {
        "markov": baselines.Markov,
        "knn": baselines.ItemKNN,
        "popularity": baselines.Popularity,
    }
    return simple[name]().fit(arrays.histories, arrays.profiles, arrays.exercises, targets=targets)


def judge(name: str, model: "Model", arrays: CohortArrays, held_out: Sequence[int]) -> Judged:
    """How a model foretells every exercise of clients that it did not learn from, all that came before it being known.

    Where nobody in the cohort ever repeats an exercise, what a client has done is out of the running for every
    candidate alike.
    """
    from core.recommender.evaluation import ranks
    from core.recommender.full_history_training import never_repeats
    from core.recommender.windows import check_histories

    n_exercises = len(arrays.exercise_ids)
    excludes = never_repeats(check_histories(arrays.histories, n_exercises), n_exercises)
    hits, steps, losses, confidence, right = [], [], 0.0, [], []
    for client in held_out:
        history = arrays.histories[client]
        wanted = np.array(history)
        profile = np.repeat(arrays.profiles[[client]], len(history), axis=0)
        likely = model.predict_proba([history[:step] for step in range(len(history))], profile)
        if excludes:
            likely = _without_seen(likely, history)
        places = ranks(likely, wanted)
        hits.append([int((places < k).sum()) for k in KS])
        steps.append(len(history))
        own = np.maximum(likely[np.arange(len(wanted)), wanted], IMPOSSIBLE)
        losses -= float(np.log(own).sum())
        confidence += likely.max(axis=1).round(5).tolist()
        right += (places == 0).tolist()
    return Judged(name, list(held_out), steps, hits, losses / max(1, sum(steps)), confidence, right)


def _without_seen(likely: FloatArray, history: Sequence[int]) -> FloatArray:
    """Probabilities before each exercise of a history, (len(history), N), without what was done until then."""
    seen = np.zeros(likely.shape, dtype=np.bool_)
    for step, exercise in enumerate(history):
        seen[step + 1 :, exercise] = True
    kept = np.where(seen & ~seen.all(axis=1, keepdims=True), 0.0, likely)
    result: FloatArray = kept / kept.sum(axis=1, keepdims=True)
    return result


def compare(results: Sequence[Judged]) -> list[dict[str, Any]]:
    """The figures of each candidate over all its parts, in order of `TITLES`; the first teachable one by top-1 wins.

    Each has ``name``, ``title``, ``top`` (in %, by k), ``log_loss`` (nats), ``calibration_error``, ``steps``,
    ``clients``, ``best``, and the ``difference`` of the winner's top-1 to its own in points with ``low`` and ``high``
    of its 95 % interval over clients (None for the winner itself). All accuracies are shares of exercises.
    """
    from core.recommender.calibration import binned_error

    found = []
    right_first: dict[str, FloatArray] = {}
    lengths = np.zeros(0)
    for name, title in TITLES.items():
        parts = [part for part in results if part.name == name]
        steps = np.array([n for part in parts for n in part.steps])
        if not steps.sum():
            continue
        hits = np.array([row for part in parts for row in part.hits])
        order = np.argsort([client for part in parts for client in part.clients])
        right_first[name], lengths = hits[order, 0].astype(np.float64), steps[order]
        confidence = np.array([value for part in parts for value in part.confidence])
        right = np.array([value for part in parts for value in part.right])
        found.append(
            {
                "name": name,
                "title": title,
                "top": {str(k): float(100 * hits[:, at].sum() / steps.sum()) for at, k in enumerate(KS)},
                "log_loss": float(sum(part.log_loss * sum(part.steps) for part in parts) / steps.sum()),
                "calibration_error": binned_error(confidence, right),
                "steps": int(steps.sum()),
                "clients": len(steps),
            }
        )
    best = winner(found)
    for row in found:
        row["best"] = row["name"] == best
        name = str(row["name"])
        difference = (
            None if not best or name == best else _lead(right_first[best], right_first[name], lengths)
        )
        row["difference"] = difference and difference.mean
        row["low"], row["high"] = (difference.low, difference.high) if difference else (None, None)
    return found


def _lead(ours: FloatArray, other: FloatArray, steps: FloatArray) -> Interval:
    """The difference of two accuracies over all steps, in points, with its interval over clients.

    ours, other: right ones of each client; steps: of each client. The ratio of two sums over clients, whose interval
    is that of the mean of its linearisation (Cochran 1977, section 6.4).
    """
    lead = (ours - other).sum() / steps.sum()
    return interval(100 * (lead + (ours - other - lead * steps) / steps.mean()))


def winner(found: Sequence[dict[str, Any]]) -> str:
    """The teachable candidate that is right most often on clients held out; of equals the one with the lower log loss.

    Empty where none was judged.
    """
    able = [row for row in found if row["name"] in TEACHABLE]
    if not able:
        return ""
    return str(min(able, key=lambda row: (-row["top"]["1"], row["log_loss"]))["name"])
