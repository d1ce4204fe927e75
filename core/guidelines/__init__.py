"""Guidelines (Naliyatthaliyazchayil 2024): what sources advise, which rows a person comes under, who signed them.

Pure functions over tables; no database and no clock. Rows that no clinician has signed say so, and nothing here is
medical advice.
"""

from core.guidelines.adherence import Adherence as Adherence
from core.guidelines.adherence import WeekPlan as WeekPlan
from core.guidelines.adherence import adherence as adherence
from core.guidelines.adherence import days_in_a_row as days_in_a_row
from core.guidelines.adherence import spread_days as spread_days
from core.guidelines.base import NOT_REVIEWED as NOT_REVIEWED
from core.guidelines.base import Origin as Origin
from core.guidelines.base import Row as Row
from core.guidelines.base import guideline_rows as guideline_rows
from core.guidelines.base import read_rows as read_rows
from core.guidelines.limits import Conflict as Conflict
from core.guidelines.limits import Limits as Limits
from core.guidelines.limits import bound_text as bound_text
from core.guidelines.limits import limits_for as limits_for
from core.guidelines.vocabulary import COMPONENTS as COMPONENTS
from core.guidelines.vocabulary import CONDITIONS as CONDITIONS
from core.guidelines.vocabulary import SEXES as SEXES
from core.guidelines.vocabulary import Intensity as Intensity
from core.guidelines.vocabulary import known_conditions as known_conditions
