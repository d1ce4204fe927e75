"""Study: the paper's thirty days under every policy, on the same people with the same luck."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.bandit.simulation.measuring import measure
from core.bandit.simulation.running import LEARNING, POLICIES, WIDTH, make_policy, run
from core.services.studies.bandit import charts, findings, tables
from core.services.studies.bandit.kept import gathered, kept
from core.services.studies.bandit.worlds import LOADING, NAMES, Simulated, generators, load, world
from core.services.studies.options import option
from core.services.studies.study import Context, Piece, Progress, Result, Study

WALK = 0.9  # of a piece's time; the rest is measuring
WEIGHTS = {"hybrid": 2.0}  # against the other policies that learn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Simulated):
    """Which policies, on whom."""

    policies: tuple[str, ...] = option(
        POLICIES,
        label="Policies",
        help="oracle: knows the true expected rewards; best-fixed: knows the arm that is best for most.",
        choices=POLICIES,
    )
    width: float = option(
        WIDTH,
        label="Width",
        help="How much doubt counts for LinUCB, hybrid LinUCB and Thompson sampling; the paper's α, 0.1 there.",
        minimum=0,
        maximum=10,
    )


def _pieces(settings: Settings, _seed: int) -> Sequence[Piece]:
    return [
        Piece(f"Repetition {k + 1}, {NAMES[name]}", WEIGHTS.get(name, 1.0) if name in LEARNING else 0.3)
        for k in range(settings.seeds)
        for name in settings.policies
    ]


def _run(settings: Settings, seed: int, index: int, context: Context, progress: Progress) -> dict[str, Any]:
    repetition, place = divmod(index, len(settings.policies))
    where = world(settings, context.data, seed, repetition)
    progress(0.0)
    deciding, measuring = generators(seed, repetition)
    policy = make_policy(
        settings.policies[place], where, deciding, width=settings.width, epsilon=settings.epsilon
    )
    walked = run(where, policy, progress=lambda done: progress(WALK * done))
    return {**kept(measure(where, walked, measuring)), "left_out": where.left_out}


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    found = gathered(results, settings.policies)
    return Result(
        headline=tuple(findings.headline(settings, found)),
        tables=tuple(tables.all_tables(settings, found)),
        charts=tuple(charts.all_charts(found)),
        synthetic=True,
    )


STUDY = Study(
    name="bandit",
    title="Thirty days of picks",
    description=(
        "Offers synthetic people cardio, strength or flexibility each day, as Naliyatthaliyazchayil 2024 does, and "
        "lets each policy learn from what they complete: LinUCB, hybrid LinUCB, Thompson sampling, ε-greedy, random, "
        "the best fixed arm, and the oracle that knows the truth. Everybody meets the same luck under each policy. "
        "Regret, learning, exploration, variety, fairness, calibration and an audit of safety, beside the paper's "
        "figures."
    ),
    settings=Settings,
    pieces=_pieces,
    run_piece=_run,
    combine=_combine,
    load=load,
    loading=LOADING,
)
