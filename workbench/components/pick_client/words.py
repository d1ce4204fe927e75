"""Arms, attributes and leads in the words of a trainer."""

from collections.abc import Mapping

from core.services import picks
from core.services.picks import Considered, Rationale, Value
from core.services.picks.rationale import moving
from workbench import cells
from workbench.components.text import plain

UNKNOWN = "not known"
# Leads in score, which is about a share of a session done well; under the last of them chance decides as well.
LEADS = ((0.1, "well ahead of"), (0.03, "ahead of"), (0.01, "a little ahead of"))
LEVEL = "almost level with"
SMALLEST_LEAD = 0.005  # a smaller one reads 0.00
OUTCOMES: Mapping[str, float] = {"Done": 1.0, "Partly": 0.5, "Not done": 0.0}
FIXED_SHARE = 0.995  # a draw surer than this is not called one


def arm(name: str) -> str:
    """An arm with a capital."""
    return name[:1].upper() + name[1:]


def arms() -> dict[str, str]:
    """Every arm with a capital, by its name."""
    return {name: arm(name) for name in picks.ARMS}


def value(key: str, known: Value | None) -> str:
    """An attribute's value with its unit."""
    attribute = picks.BY_KEY[key]
    if known is None:
        return UNKNOWN
    if isinstance(known, tuple):
        return ", ".join(known) or "none"
    if isinstance(known, str):
        return known
    if is_share(key):
        return f"{cells.percent(known)} {attribute.unit}"
    return f"{known:g} {attribute.unit}".rstrip()


def is_share(key: str) -> bool:
    """Whether an attribute is a share from 0 to 1, which people read in per cent."""
    attribute = picks.BY_KEY[key]
    return attribute.kind == "number" and (attribute.low, attribute.high) == (0, 1)


def labels(values: Mapping[str, Value | None]) -> dict[str, str]:
    """Every attribute with its value, by its key: “Energy today: low”; shares in per cent without what they are of."""
    return {attribute.key: label(attribute.key, values.get(attribute.key)) for attribute in picks.ATTRIBUTES}


def label(key: str, known: Value | None) -> str:
    """An attribute with its value."""
    return f"{picks.BY_KEY[key].label}: {_short(key, known)}"


def lead(considered: Considered) -> str:
    """How clear the lead of the best arm is."""
    if considered.runner_up is None:
        return "the only one that the safety gate leaves open"
    said = next((words for least, words in LEADS if considered.lead >= least), LEVEL)
    return f"{said} {considered.runner_up}, {lead_by(considered.lead)}"


def lead_by(lead: float) -> str:
    """A lead in figures."""
    return f"by {lead:.2f}" if lead >= SMALLEST_LEAD else "by less than 0.01"


def reasons(considered: Considered) -> str:
    """What speaks for the best arm and what against it, in Markdown; empty where nothing known moves its score."""
    names = labels(considered.values)
    found = zip(
        ("For it", "Against it"),
        moving(considered.values, considered.arm(considered.best or "")),
        strict=True,
    )
    return " ".join(
        f"**{side}:** {plain('; '.join(_lower(names[attribute.key]) for attribute in attributes))}."
        for side, attributes in found
        if attributes
    )


def advice(rationale: Rationale | None) -> str:
    """What the suggestion is not, and who has reviewed the guideline rows that it names."""
    if rationale is None:
        return "Not medical advice."
    said = "A model's suggestion, not medical advice"
    reviews = dict.fromkeys(source.review for source in rationale.sources)
    if not reviews:
        return f"{said}."
    if len(reviews) > 1:
        return f"{said}; each guideline row below says whether a clinician has reviewed it."
    return f"{said}; the guideline rows below are {plain(next(iter(reviews)))}."


def chances(considered: Considered) -> str:
    """With which probability the policy would draw each open arm, and why not always the best."""
    open_arms = sorted(
        (view for view in considered.arms if view.propensity > 0), key=lambda view: -view.propensity
    )
    first = open_arms[0]
    if len(open_arms) == 1 or first.propensity >= FIXED_SHARE:
        return f"The policy would take {first.arm} for certain."
    others = " and ".join(f"{view.arm} with {_chance(view.propensity)}" for view in open_arms[1:])
    drawn = f"The policy draws: {first.arm} comes with a chance of {_chance(first.propensity)}, {others}"
    epsilon = considered.policy.settings.epsilon
    if not epsilon:
        return f"{drawn}. It draws so that it keeps learning."
    return (
        f"{drawn}. In {cells.percent(epsilon)} of the picks it deliberately draws among all open kinds alike, so "
        "that it keeps learning; what comes may therefore not be the best."
    )


def known(considered: Considered) -> tuple[int, int]:
    """How much is known of the person and their wishes, and of how much."""
    lasting = [attribute.key for attribute in picks.ATTRIBUTES if attribute.about != "day"]
    return sum(considered.values.get(key) is not None for key in lasting), len(lasting)


def outcome(completion: float) -> str:
    """What became of a pick, as the button that records it says; other shares in per cent."""
    return next(
        (name for name, share in OUTCOMES.items() if share == completion), f"{cells.percent(completion)} done"
    )


def chosen_by(propensity: float | None, author: str) -> str:
    """Who took the arm: the policy with a probability, or a person."""
    if propensity is None:
        return f"chosen by {author}"
    return f"drawn by the policy with a chance of {_chance(propensity)}, asked by {author}"


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def _short(key: str, known: Value | None) -> str:
    return cells.percent(known) if isinstance(known, float) and is_share(key) else value(key, known)


def _chance(share: float) -> str:
    return cells.percent(share, 0 if share >= 0.01 else 1)
