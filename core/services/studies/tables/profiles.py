"""Which part of a profile the paper's rows see: demographics alone, or everything (Mahyari 2022, section V-A)."""

from collections.abc import Callable

from core.services.features import CohortArrays, FloatArray

DEMOGRAPHIC = frozenset(
    {"age", "sex", "gender", "race", "ethnicity", "education", "occupation", "height_cm", "weight_kg"}
)
"""Fields that say who somebody is. The paper counts body mass index among its questionnaires; the arm of a trial is
neither."""


ARM = frozenset({"condition", "step_goals"})
"""Fields that say which arm of a trial somebody was in: what was decided about them, and no part of who they are."""


def full(arrays: CohortArrays) -> FloatArray:
    """All columns but those of the arms of a trial: demographics and questionnaires, shape (clients, ≤ P)."""
    return _columns(arrays, lambda name: name not in ARM)


def demographic(arrays: CohortArrays) -> FloatArray:
    """The columns of profiles that are demographic, shape (clients, ≤ P); none where no such field is known."""
    return _columns(arrays, lambda name: name in DEMOGRAPHIC)


def _columns(arrays: CohortArrays, wanted: Callable[[str], bool]) -> FloatArray:
    names = [name for name, _, _ in arrays.encoder.numbers] + [name for name, _ in arrays.encoder.categories]
    return arrays.profiles[:, [column for column, name in enumerate(names) if wanted(name)]]
