"""The synthetic, DStress-like sample cohort: where its files lie and what they are called."""

from datetime import date
from pathlib import Path

LABEL = "synthetic, DStress-like"
SEED = 2026
LAST_DAY = date(2026, 3, 15)  # of the steps, a Sunday

COHORT = Path(__file__).parent / "cohort"
EXERCISES_CSV = COHORT / "exercises.csv"
CLIENTS_CSV = COHORT / "clients.csv"
QUESTIONNAIRES_CSV = COHORT / "questionnaires.csv"
MEDICAL_CSV = COHORT / "medical.csv"
SCREENING_CSV = COHORT / "screening.csv"
HEALTH_CSV = COHORT / "health.csv"
PREFERENCES_CSV = COHORT / "preferences.csv"
LOG_CSV = COHORT / "log.csv"
MEDITATION_CSV = COHORT / "meditation.csv"
STEPS_CSV = COHORT / "steps.csv"
TRUTH_CSV = COHORT / "truth.csv"
