"""The attention-based recommender with an expert in the loop (Mahyari, Pirolli and LeBlanc 2022)."""

from core.recommender.recommender import Forgetting, Recommender, forgetting
from core.recommender.settings import Progress, Settings, TrainingSummary
from core.recommender.version import Calibration

__all__ = [
    "Calibration",
    "Forgetting",
    "Progress",
    "Recommender",
    "Settings",
    "TrainingSummary",
    "forgetting",
]
