"""Train a cohort's recommender and put it in force: long work like a study, with one piece and an effect."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core import recommender
from core.services import Store, models, recommending, training
from core.services.features import cohort_arrays
from core.services.models import Trained
from core.services.studies.options import option
from core.services.studies.study import Chart, Context, Loaded, Piece, Progress, Result, Series, Study, Table
from core.store import people

SIZES = {"exercises": recommender.Settings(), "films": recommender.Settings.movielens()}


def _cohorts(store: Store) -> tuple[str, ...]:
    return tuple(cohort["name"] for cohort in people.cohorts(store.db) if cohort["clients"])


@dataclass(frozen=True, slots=True)
class Settings:
    """Which cohort, and how large a network."""

    cohort: str = option(
        "Sample cohort", label="Cohort", help="Whose log the recommender learns from.", choices=_cohorts
    )
    size: str = option(
        "exercises",
        label="Size of the network",
        help="The paper's sizes: for some dozens of exercises, or for a hundred films.",
        choices=tuple(SIZES),
    )


def _load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    cohort = people.cohort(store.db, settings.cohort)
    return Loaded(cohort, cohort_arrays(store, cohort["id"]).fingerprint())


def _pieces(_settings: Settings, _seed: int) -> Sequence[Piece]:
    return [Piece("Train")]


def _run(settings: Settings, seed: int, _index: int, context: Context, progress: Progress) -> dict[str, Any]:
    trained = models.train(
        context.store,
        context.data["id"],
        seed=seed,
        settings=SIZES[settings.size],
        progress=lambda now: progress(now.epoch / now.epochs),
    )
    return {"trained": asdict(trained), "synthetic": bool(context.data["synthetic"])}


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    report = results[0]["trained"]["report"]
    summary = report["summary"]
    epochs = tuple(float(epoch) for epoch in range(1, len(summary["train_losses"]) + 1))
    lines = [Series("Clients trained on", epochs, tuple(summary["train_losses"]))]
    if summary["stop_losses"]:
        lines.append(Series("Clients held out", epochs, tuple(summary["stop_losses"])))
    return Result(
        headline=(
            f"“{settings.cohort}” has a new model: {summary['training_clients']} clients trained on, "
            f"{summary['stopping_clients']} held out to stop in time, {summary['calibration_clients']} to calibrate "
            "when to ask.",
            "It is in force now, and everything that trainers taught before was taught to it again.",
        ),
        tables=(
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
                "Losses are cross-entropies in nats; dropout makes that on the clients trained on look worse.",
            ),
            *_asking(report["asked_rates"]),
        ),
        charts=(
            Chart(
                "lines",
                "Loss by epoch",
                "Epoch",
                "Cross-entropy (nats)",
                tuple(lines),
                f"Loss by epoch; the lowest on held-out clients is at epoch {summary['best_epoch']}.",
            ),
        ),
        synthetic=results[0]["synthetic"],
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


def _publish(store: Store, _settings: Settings, results: Sequence[dict[str, Any]], by: str) -> None:
    training.publish(store, Trained(**results[0]["trained"]), by=by)


def _after(store: Store, _settings: Settings, results: Sequence[dict[str, Any]]) -> None:
    recommending.refresh(store, results[0]["trained"]["cohort_id"])


STUDY = Study(
    name="train",
    title="Train a cohort's recommender",
    description=(
        "Trains the recommender on everything that a cohort's clients have logged, holding some clients out to stop in "
        "time and to calibrate when it asks. The new model is put in force at once; the old one is kept."
    ),
    settings=Settings,
    pieces=_pieces,
    load=_load,
    run_piece=_run,
    combine=_combine,
    publish=_publish,
    after=_after,
)
