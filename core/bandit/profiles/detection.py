"""What classifiers make of synthetic profiles: whether they are told apart, and what predicts age in them.

This module's functions import scikit-learn, which takes more than a second, when they are called.
"""

import numpy as np
from numpy.typing import NDArray

from core.bandit.profiles.distances import Columns
from core.errors import InputError

Floats = NDArray[np.float64]
FOLDS = 5
TREES = 50
ROUNDS = 50


def detection_auc(real: Columns, synthetic: Columns, rng: np.random.Generator) -> float:
    """How well a classifier tells two sets of profiles apart: the area under its ROC curve, cross-validated.

    0.5 is chance, and a classifier that learnt nothing may fall a little below; 1 tells each apart. Boosted trees in
    five folds.

    Raises:
        InputError: for fewer than five profiles in either.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    ours, theirs = _matrix(real), _matrix(synthetic)
    if min(len(ours), len(theirs)) < FOLDS:
        raise InputError(f"Detection needs at least {FOLDS} profiles on either side.")
    which = np.repeat([0, 1], [len(ours), len(theirs)])
    classifier = HistGradientBoostingClassifier(
        max_iter=ROUNDS, early_stopping=False, random_state=_seed(rng)
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=_seed(rng))
    with threadpool_limits(1):
        told = cross_val_predict(
            classifier, np.vstack((ours, theirs)), which, cv=folds, method="predict_proba"
        )
    return float(roc_auc_score(which, told[:, 1]))


def importance_similarity(real: Columns, synthetic: Columns, rng: np.random.Generator) -> float:
    """Cosine of the importances of attributes for age in random forests grown on each (the paper's figure 5).

    All importances are positive and sum to 1, and where age depends on nothing they mostly count how many values an
    attribute has: the cosine is near 1 for almost any data, so that it means nothing without its null.
    """
    one, other = (_importances(columns, rng) for columns in (real, synthetic))
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale > 0 else 0.0


def _importances(columns: Columns, rng: np.random.Generator) -> Floats:
    from sklearn.ensemble import RandomForestRegressor

    others = {key: values for key, values in columns.items() if key != "age"}
    forest = RandomForestRegressor(TREES, max_features=0.5, random_state=_seed(rng))
    forest.fit(_matrix(others), columns["age"])
    importances: Floats = forest.feature_importances_
    return importances


def _matrix(columns: Columns) -> Floats:
    return np.column_stack(list(columns.values()))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
