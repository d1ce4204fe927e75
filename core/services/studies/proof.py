"""Study: how far a client's estimate and plan are proven, by the paper's two mixed-integer programs."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.calfit import Estimate, estimate
from core.errors import InputError, JobFailed, NotFound
from core.services import Store, goals
from core.services.studies.apart import apart
from core.services.studies.options import option
from core.services.studies.study import Cell, Context, Loaded, Piece, Progress, Result, Study, Table
from core.store import people

COLUMNS = (
    "part",
    "in force or shown",
    "the program's",
    "proven bound",
    "gap, %",
    "proven",
    "solver's word",
    "seconds",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Whose, which solver, and how long it may take."""

    client: int = option(
        1, label="Client (number in the address)", help="Whose estimate and plan.", minimum=1
    )
    solver: str = option(
        "SCIP",
        label="Solver",
        help="Both solve the same program; which is quicker depends on the client.",
        choices=("SCIP", "HIGHS"),
    )
    seconds: int = option(
        60,
        label="Seconds for each program",
        help="Then the gap that is left is told.",
        minimum=1,
        maximum=3600,
    )
    plan: str = option(
        "",
        label="Settings of the plan (JSON)",
        help="As the Step goals page has them; empty takes the ones it suggests.",
    )


def _load(store: Store, settings: Settings, _progress: Progress) -> Loaded:
    record = goals.read(store, settings.client)
    if record.history is None:
        raise InputError(f"Nothing to prove for {record.client['name']}: {record.why_not}")
    content = record.history.steps.tobytes() + record.history.goals.tobytes() + str(record.starts_on).encode()
    return Loaded(record, hashlib.sha256(content).hexdigest())


def _summary(store: Store, settings: Settings) -> str:
    try:
        whose = people.client(store.db, settings.client)["name"]
    except NotFound:
        whose = f"client {settings.client}, who is not here any more"
    plan = "the plan as set on Step goals" if settings.plan else "the suggested plan"
    return f"{whose}; {plan}; {settings.solver}, at most {settings.seconds} s each"


def _pieces(_settings: Settings, _seed: int) -> Sequence[Piece]:
    return [Piece("Prove the estimate"), Piece("Prove the plan")]


def _run(settings: Settings, _seed: int, index: int, context: Context, progress: Progress) -> dict[str, Any]:
    record: goals.Record = context.data
    if record.history is None:
        raise NotFound("The client's history is gone.")

    def tick() -> None:
        progress(0.0)  # a solver does not say how far it is

    synthetic = bool(record.client["synthetic"])
    if index == 0:
        found = apart(
            _certified,
            record.history.steps,
            record.history.goals,
            settings.solver,
            settings.seconds,
            tick=tick,
        )
        return {"synthetic": synthetic, "estimate": found}
    fitted = goals.fit(record.history)
    chosen = goals.suggested(fitted)
    if settings.plan:
        chosen = goals.PlanSettings.from_json(_parsed(settings.plan))
    made = goals.preview(record, fitted, chosen)
    if made.plan is None:
        return {"synthetic": synthetic, "plan": None, "policy": made.method}
    try:
        proof = apart(_certified_plan, made.behavior, made.plan, settings.solver, settings.seconds, tick=tick)
    except JobFailed as error:  # no reason to lose the estimate's proof
        return {"synthetic": synthetic, "plan": None, "policy": "", "trouble": str(error)}
    return {"synthetic": synthetic, "plan": proof, "policy": ""}


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError("The plan's settings are no JSON; copy them from the Step goals page.") from error
    if not isinstance(document, dict):
        raise InputError("The plan's settings are no JSON object; copy them from the Step goals page.")
    return document


def _certified(steps: Any, wanted: Any, solver: Any, seconds: float) -> dict[str, Any]:
    from core.calfit.programs import certify, closed

    quick: Estimate = estimate(steps, wanted)
    proof = certify(steps, wanted, solver, seconds)
    return {
        "loss": quick.loss,
        "best": proof.loss,
        "bound": proof.lower_bound,
        "gap": (quick.loss - proof.lower_bound) / quick.loss if quick.loss > 0 else 0.0,
        "proven": closed(quick.loss, proof.lower_bound),
        "beaten": not closed(quick.loss, proof.loss),
        "status": proof.status,
        "seconds": proof.seconds,
    }


def _certified_plan(behavior: Any, plan: Any, solver: Any, seconds: float) -> dict[str, Any]:
    from core.calfit.plan_program import certify_plan

    return asdict(certify_plan(behavior, plan, solver, seconds))


def _combine(settings: Settings, results: Sequence[dict[str, Any]]) -> Result:
    first, second = results[0]["estimate"], results[1]["plan"]
    rows: list[tuple[Cell, ...]] = [
        (
            "estimate: steps of misfit over all days",
            round(first["loss"], 1),
            round(first["best"], 1),
            round(first["bound"], 1),
            round(100 * first["gap"], 3),
            first["proven"],
            first["status"],
            round(first["seconds"], 2),
        )
    ]
    said = [_of_the_estimate(first, settings.seconds)]
    if second is None:
        policy = results[1]["policy"]
        said.append(
            f"The goals come from “{policy}”, which claims no optimum: there is nothing to prove."
            if policy
            else f"Of the plan nothing is proven. {results[1]['trouble']}"
        )
    else:
        rows.append(
            (
                "plan: steps on its lowest day",
                round(second["plan_objective"], 1),
                round(second["objective"], 1),
                round(second["bound"], 1),
                round(100 * second["gap"], 3),
                second["proven"],
                second["status"],
                round(second["seconds"], 2),
            )
        )
        said.append(
            "The plan is proven: under these rules no plan has a better lowest day."
            if second["proven"]
            else f"The plan is not proven within {settings.seconds} s: its lowest day is at most "
            f"{100 * second['gap']:.2f} % below the best."
        )
    note = (
        f"By {settings.solver}, at most {settings.seconds} s each. A limit of time is no proof, whatever the solver "
        "calls its answer. The estimate here is the paper's point estimate, without weekdays."
    )
    return Result(
        headline=tuple(said),
        tables=(Table("What the programs say", COLUMNS, tuple(rows), note),),
        synthetic=bool(results[0]["synthetic"]),
    )


def _of_the_estimate(found: dict[str, Any], seconds: int) -> str:
    room = f"{100 * found['gap']:.2f} % of its misfit"
    if found["proven"]:
        return "The estimate is proven: no behaviour fits this history better."
    if found["beaten"]:
        return (
            f"The solver found a behaviour that fits better than the estimate; the best saves at most {room}."
        )
    return f"The estimate is not proven within {seconds} s: a better one could save at most {room}."


STUDY = Study(
    name="proof",
    title="Prove a client's estimate and plan",
    description=(
        "Solves the step goals' two mixed-integer programs for one client, the one that estimates the behaviour and "
        "the one that plans, and says how far the quick answers are proven. The Step goals page starts it with "
        "“Prove it”."
    ),
    settings=Settings,
    pieces=_pieces,
    load=_load,
    run_piece=_run,
    combine=_combine,
    summary=_summary,
)
