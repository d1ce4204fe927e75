"""Which part of a profile the paper's rows see: demographics alone, or everything (Mahyari 2022, section V-A)."""

from core.services.features import CohortArrays, FloatArray

DEMOGRAPHIC = frozenset(
    {"age", "sex", "gender", "race", "ethnicity", "education", "occupation", "height_cm", "weight_kg"}
)
"""Fields that say who somebody is. The paper counts body mass index among its questionnaires; the arm of a trial is
neither."""


def demographic(arrays: CohortArrays) -> FloatArray:
    """The columns of profiles that are demographic, shape (clients, ≤ P); none where no such field is known."""
    names = [name for name, _, _ in arrays.encoder.numbers] + [name for name, _ in arrays.encoder.categories]
    return arrays.profiles[:, [column for column, name in enumerate(names) if name in DEMOGRAPHIC]]
