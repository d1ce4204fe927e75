"""The attention-based recommender with an expert in the loop (Mahyari, Pirolli and LeBlanc 2022).

Importing this package does not import torch; the first fit or prediction does.
"""

from core.recommender.asking import (
    AskedRate,
    AskingRule,
    ClientConformalRule,
    ConformalRule,
    DirichletRule,
    EmpiricalRule,
    asked_rate,
    entropy,
    least_confidence,
    margin,
    observed_rates,
)
from core.recommender.doubt import (
    Cause,
    Doubt,
    DoubtSettings,
    NearestCases,
    cause_of_doubt,
    nearest_cases,
    prediction_set,
    set_threshold,
)
from core.recommender.margin import MarginDistribution, fit_margin
from core.recommender.recommender import Cases, Forgetting, Recommender, forgetting
from core.recommender.settings import FullHistorySettings, Progress, Settings, TrainingSummary
from core.recommender.version import Calibration

__all__ = [
    "AskedRate",
    "AskingRule",
    "Calibration",
    "Cases",
    "Cause",
    "ClientConformalRule",
    "ConformalRule",
    "DirichletRule",
    "Doubt",
    "DoubtSettings",
    "EmpiricalRule",
    "Forgetting",
    "FullHistorySettings",
    "MarginDistribution",
    "NearestCases",
    "Progress",
    "Recommender",
    "Settings",
    "TrainingSummary",
    "asked_rate",
    "cause_of_doubt",
    "entropy",
    "fit_margin",
    "forgetting",
    "least_confidence",
    "margin",
    "nearest_cases",
    "observed_rates",
    "prediction_set",
    "set_threshold",
]
