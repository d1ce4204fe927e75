"""Guidelines (Naliyatthaliyazchayil 2024): what sources advise, which rows a person comes under, who signed them.

Pure functions over tables; no database and no clock. Rows that no clinician has signed say so, and nothing here is
medical advice.
"""

from core.guidelines.base import NOT_REVIEWED as NOT_REVIEWED
from core.guidelines.base import Origin as Origin
from core.guidelines.base import Row as Row
from core.guidelines.base import guideline_rows as guideline_rows
from core.guidelines.base import read_rows as read_rows
from core.guidelines.vocabulary import COMPONENTS as COMPONENTS
from core.guidelines.vocabulary import CONDITIONS as CONDITIONS
from core.guidelines.vocabulary import SEXES as SEXES
from core.guidelines.vocabulary import Intensity as Intensity
from core.guidelines.vocabulary import known_conditions as known_conditions
