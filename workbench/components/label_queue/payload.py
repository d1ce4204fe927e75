"""What the browser gets: items, outcomes and the standing as plain documents, with the sentences for people."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import sqrt
from typing import Any

from core.services.labelling import Outcome
from core.services.queue import Item, Standing
from workbench import cells

Document = dict[str, Any]


def item_document(item: Item, catalogue: str, mask: str = "", *, limits_known: bool) -> Document:
    """One request; ``catalogue`` names the list of exercises that its search box offers, ``mask`` what it marks."""
    return {
        "request": item.request_id,
        "client_id": item.client_id,
        "client": item.client,
        "cohort": item.cohort,
        "synthetic": item.synthetic,
        "about": item.about,
        "why": item.why,
        "choices": [
            {
                "exercise": choice.exercise_id,
                "name": choice.name,
                "category": choice.category,
                "p": round(choice.probability, 4),
                "in_set": choice.in_set,
            }
            for choice in item.choices
        ],
        "also": item.also_in_set,
        "masked": [
            {"exercise": masked.exercise_id, "name": masked.name, "p": round(masked.probability, 4)}
            for masked in item.masked
        ],
        "mask": mask,
        "gate": item.gate,
        "measures": measures(item.margin, item.p_value, item.entropy, item.least_confidence),
        "limits": item.limits,
        "limits_known": limits_known,
        "history": [
            {"name": row["name"], "success": done_word(row["success"]), "day": day(row["at"])}
            for row in item.history
        ],
        "nearest": [nearest_sentence(case) for case in item.nearest],
        "catalogue": catalogue,
    }


def measures(margin: float, p_value: float, entropy: float | None, least: float | None) -> list[str]:
    """The measures of doubt with their names; those that an old request was kept without are left out."""
    shown = [f"margin {margin:.3f}", f"p-value {p_value:.3f}"]
    if entropy is not None:
        shown.append(f"entropy {entropy:.3f} nats")
    if least is not None:
        shown.append(f"least confidence {least:.3f}")
    return shown


def outcome_document(outcome: Outcome) -> Document:
    """What became of an answer, with before and after as rows of the same exercises."""
    return {
        "status": outcome.status,
        "message": outcome.message,
        "label": outcome.label_id,
        "client": outcome.client,
        "taught": outcome.taught,
        "rows": paired(outcome.before, outcome.after, outcome.taught),
        "forgetting": forgetting_sentence(outcome.forgetting),
    }


def plain_outcome(status: str, message: str) -> Document:
    """The outcome of an operation that taught nothing: ``undone``, ``brought back`` or ``refused``."""
    return {"status": status, "message": message, "label": None, "rows": [], "forgetting": ""}


def standing_document(standing: Standing) -> Document:
    """How the work stands."""
    return {
        "open": standing.open,
        "flagged": standing.flagged,
        "skipped": standing.skipped,
        "mine": standing.mine,
        "team": standing.team,
        "budget": standing.budget,
        "left": standing.left,
        "advice": standing.advice,
    }


def catalogue_document(exercises: Sequence[tuple[int, str, str]]) -> tuple[str, list[list[Any]]]:
    """A catalogue of (id, name, category) as rows for the browser, and the hash that it is known by."""
    rows = [list(exercise) for exercise in exercises]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16], rows


def mask_document(masked: Mapping[int, Sequence[str]]) -> tuple[str, Document]:
    """What the gate masks for somebody, from sentences by exercise, and the hash that it is known by.

    Each sentence is there once; exercises that are masked for the same ones are a group: places of the sentences, ids.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for exercise, sentences in masked.items():
        groups.setdefault(tuple(sentences), []).append(exercise)
    places = {sentence: place for place, sentence in enumerate(sorted({s for each in groups for s in each}))}
    document: Document = {
        "sentences": list(places),
        "groups": [
            [[places[sentence] for sentence in sentences], sorted(ids)]
            for sentences, ids in sorted(groups.items())
        ],
    }
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16], document


def paired(
    before: Sequence[tuple[str, float]], after: Sequence[tuple[str, float]], taught: str
) -> list[Document]:
    """The exercises of both lists once each, by probability after (else before); None where a list leaves one out."""
    was, now = dict(before), dict(after)
    names = sorted({**now, **was}, key=lambda name: (-now.get(name, -1.0), -was.get(name, 0.0), name))
    return [
        {"name": name, "before": was.get(name), "after": now.get(name), "taught": name == taught}
        for name in names
    ]


def forgetting_sentence(accuracy: tuple[float, float, int, int] | None) -> str:
    """The forgetting check in words: top-1 on held-out clients before and after, and on how many steps.

    It counts as a change beyond two standard errors, given on how many steps right and wrong changed (McNemar).
    """
    if accuracy is None:
        return ""
    before, after, steps, changed = accuracy
    figures = (
        f"{cells.percent(before, 1)} right before, {cells.percent(after, 1)} after, of {steps:,} exercises"
    )
    if abs(after - before) * steps <= 2 * sqrt(changed):
        return f"About the same on clients it never saw: {figures}."
    if after > before:
        return f"Better on clients it never saw too: {figures}."
    return f"Worse on clients it never saw: {figures}. Undo takes this answer back if it was a slip."


def nearest_sentence(case: Document) -> str:
    """What was done in a past case that looks alike, and what followed."""
    done = " · ".join(case["after"])
    return f"{done} → {case['then']}" if done else f"at the start → {case['then']}"


def done_word(success: int | None) -> str:
    """Whether an exercise was completed, in one word; empty where nobody noted it."""
    return "" if success is None else "done" if success else "failed"


def day(at: str) -> str:
    """A log row's day, short: ``Mon 5 Jan``; what cannot be read as a time is shown as it is."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{moment:%a} {moment.day} {moment:%b}"
