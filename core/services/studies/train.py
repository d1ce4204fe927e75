"""Train a cohort's recommender and put it in force: long work like a study, with one piece and an effect."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.services import Store, candidates, models, recommending, training
from core.services.features import cohort_arrays
from core.services.models import Trained
from core.services.studies.options import option
from core.services.studies.statistics import Interval, difference_in_words
from core.services.studies.study import Chart, Context, Loaded, Piece, Progress, Result, Series, Study, Table
from core.store import people

WEIGHTS = {candidates.FULL_HISTORY: 60.0, candidates.PAPER: 40.0}  # a baseline counts
MEMBERS = " Each member of the ensemble keeps an epoch of its own: the losses are their mean, the epoch their median."


def _cohorts(store: Store) -> tuple[str, ...]:
    return tuple(cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"])


@dataclass(frozen=True, slots=True)
class Settings:
    """Which cohort, which model is to be put in force, and how thoroughly they are compared first."""

    cohort: str = option(
        "Sample cohort", label="Cohort", help="Whose log the recommenders learn from.", choices=_cohorts
    )
    model: str = option(
        training.BEST,
        label="Model to put in force",
        help="best: the one that is right most often on clients held out; or always the same one. All are kept.",
        choices=(training.BEST, *candidates.TEACHABLE),
    )
    folds: int = option(
        candidates.FOLDS,
        label="Parts",
        help="The clients are held out in so many parts, one after the other, to compare the models.",
        minimum=2,
        maximum=20,
    )


def _load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    cohort = people.cohort(store.db, settings.cohort)
    return Loaded((cohort, arrays := cohort_arrays(store, cohort["id"])), arrays.fingerprint())


def _tasks(settings: Settings) -> list[tuple[str, int | None]]:
    """Candidate and part of each piece; the models to keep, which learn from all parts, come first with None."""
    whole: list[tuple[str, int | None]] = [(name, None) for name in candidates.TEACHABLE]
    return whole + [(name, fold) for name in candidates.TITLES for fold in range(settings.folds)]


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return [
        Piece(
            f"{candidates.TITLES[name]}, "
            + ("all clients" if fold is None else f"part {fold + 1} of {settings.folds} held out"),
            WEIGHTS.get(name, 1.0),
        )
        for name, fold in _tasks(settings)
    ]


def _run(settings: Settings, seed: int, index: int, context: Context, progress: Progress) -> dict[str, Any]:
    name, fold = _tasks(settings)[index]
    cohort, arrays = context.data
    size = len(arrays.exercise_ids)
    if fold is None:
        trained = models.train(
            context.store,
            cohort["id"],
            seed=seed,
            settings=candidates.settings_of(name, size),
            progress=lambda now: progress(now.epoch / now.epochs),
        )
        return {"trained": asdict(trained), "synthetic": bool(cohort["synthetic"])}
    parts = candidates.folds_of(arrays, settings.folds, seed)
    if fold >= len(parts):
        return {}
    # Nobody is asked here: the clients that calibrate when to ask would only be lost to learning.
    chosen = (
        replace(candidates.settings_of(name, size), calibration_share=0.0)
        if name in candidates.TEACHABLE
        else None
    )
    model = candidates.fit(
        name,
        arrays,
        parts[fold],
        seed=seed,
        settings=chosen,
        progress=lambda now: progress(0.9 * now.epoch / now.epochs),
    )
    progress(0.95)
    return {"judged": candidates.judge(name, model, arrays, parts[fold]).to_json()}


def _figures(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return candidates.compare([candidates.Judged(**r["judged"]) for r in results if "judged" in r])


def _trained(settings: Settings, results: Sequence[dict[str, Any]]) -> list[Trained]:
    """What is to be kept, first what is to be put in force."""
    made = [Trained(**result["trained"]) for result in results if "trained" in result]
    return training.with_figures(made, _figures(results), folds=settings.folds, choice=settings.model)


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    report = _trained(settings, results)[0].report
    summary = report["summary"]
    figures = report["candidates"]
    epochs = tuple(float(epoch) for epoch in range(1, len(summary["train_losses"]) + 1))
    lines = [Series("Clients trained on", epochs, tuple(summary["train_losses"]))]
    if summary["stop_losses"]:
        lines.append(Series("Clients held out", epochs, tuple(summary["stop_losses"])))
    return Result(
        headline=(
            f"“{settings.cohort}” has a new model: {_clients(summary, report['family'])}, "
            f"{summary['calibration_clients']} held out to calibrate when to ask.",
            *_why(settings, figures, report["family"]),
            "It was put in force when this training ended, and everything that trainers had taught was taught to it "
            "again. The other model was kept; the page Data and models shows which is in use, and can change it.",
        ),
        tables=(
            *_comparison(figures, settings.folds),
            Table(
                "Training",
                ("Samples", "Epochs", "Kept epoch", "Loss on clients trained on", "Loss on clients held out"),
                (
                    (
                        summary["training_windows"],
                        len(epochs),
                        summary["best_epoch"],
                        summary["train_losses"][summary["best_epoch"] - 1],
                        summary["stop_losses"][summary["best_epoch"] - 1] if summary["stop_losses"] else None,
                    ),
                ),
                "Losses are cross-entropies in nats; dropout makes that on the clients trained on look worse."
                + (MEMBERS if report["family"] == candidates.FULL_HISTORY else ""),
            ),
            _calibration(summary, report["family"]),
            *_asking(report["asked_rates"]),
        ),
        charts=(
            Chart(
                "lines",
                "Loss by epoch",
                "Epoch",
                "Cross-entropy (nats)",
                tuple(lines),
                f"Loss by epoch; the weights that were kept are of epoch {summary['best_epoch']}"
                f"{', the median of the members' if report['family'] == candidates.FULL_HISTORY else ''}.",
            ),
        ),
        synthetic=results[0]["synthetic"],
    )


def _clients(summary: dict[str, Any], family: str) -> str:
    """Whom the model learnt from, and who told when to stop."""
    trained, stopping = summary["training_clients"], summary["stopping_clients"]
    if family == candidates.FULL_HISTORY:
        return f"{trained + stopping} clients trained on, {stopping} of them only after they had told when to stop"
    return f"{trained} clients trained on, {stopping} held out to stop in time"


def _why(settings: Settings, figures: Sequence[dict[str, Any]], family: str) -> list[str]:
    """Which model it is, and why it and not the other."""
    title = candidates.TITLES[family]
    if not figures:
        return [f"It is “{title}”; nobody could be held out to compare the models."]
    top1 = {row["name"]: row["top"]["1"] for row in figures}
    other = next(name for name in candidates.TEACHABLE if name != family)
    beside = f"right about {top1[family]:.1f} % of exercises of clients held out, where “{candidates.TITLES[other]}” "
    if settings.model != training.BEST:
        return [f"It is “{title}”, as was chosen: {beside}is about {top1[other]:.1f} %."]
    row = next(row for row in figures if row["name"] == other)
    sure = difference_in_words(Interval(row["difference"], row["low"], row["high"]))
    return [f"It is “{title}”, the best on clients held out: {beside}is about {top1[other]:.1f} %, {sure}."]


def _comparison(figures: Sequence[dict[str, Any]], folds: int) -> Sequence[Table]:
    if not figures:
        return ()
    return (
        Table(
            "Models on clients held out",
            (
                "Model",
                *(f"Top-{k} %" for k in candidates.KS),
                "Log loss (nats)",
                "Calibration error",
                "Best minus this (points of top-1)",
                "Low",
                "High",
            ),
            tuple(
                (
                    row["title"],
                    *(row["top"][str(k)] for k in candidates.KS),
                    row["log_loss"],
                    row["calibration_error"],
                    row["difference"],
                    row["low"],
                    row["high"],
                )
                for row in figures
            ),
            f"Each of {figures[0]['clients']:,} clients was held out once, in {min(folds, figures[0]['clients'])} "
            f"parts; {figures[0]['steps']:,} exercises were predicted, all that came before being known. Accuracies "
            "are shares of these exercises; the 95 % interval of the difference is over clients.",
        ),
    )


def _calibration(summary: dict[str, Any], family: str) -> Table:
    before = ", before the ensemble learnt from them" if family == candidates.FULL_HISTORY else ""
    return Table(
        "Are its probabilities what they say?",
        ("Temperature", "Calibration error before", "Calibration error after"),
        ((summary["temperature"], summary["error_before"], summary["error_after"]),),
        "The logits are divided by the temperature that fits the clients held out for stopping "
        f"best{before}; the error, how far the first choice's probability lies from how often it is right, is that on "
        "the clients that calibrate.",
    )


def _asking(rates: Sequence[dict[str, Any]]) -> Sequence[Table]:
    if not rates:
        return ()
    return (
        Table(
            "When it asks",
            ("Rule", "Asks at most (nominal)", "Asked (observed)", "Steps"),
            tuple((rate["rule"], rate["nominal"], rate["observed"], rate["steps"]) for rate in rates),
            "On clients that were not trained on: half of them calibrate and the other half are asked about, and the "
            "other way round. The workbench asks by the conformal rule.",
        ),
    )


def _publish(store: Store, settings: Settings, results: Sequence[dict[str, Any]], by: str) -> None:
    training.publish(store, _trained(settings, results), by=by)


def _after(store: Store, _settings: Settings, results: Sequence[dict[str, Any]]) -> None:
    recommending.refresh(store, results[0]["trained"]["cohort_id"])


STUDY = Study(
    name="train",
    title="Train a cohort's recommender",
    description=(
        "Trains the models that can be put in force on everything that a cohort's clients have logged, holding some "
        "clients out to stop in time and to calibrate when it asks, and compares them and three simple ones on every "
        "client in turn. The best is put in force at once; the other and the old ones are kept."
    ),
    settings=Settings,
    pieces=_pieces,
    load=_load,
    run_piece=_run,
    combine=_combine,
    publish=_publish,
    after=_after,
)
