"""Guidelines (Naliyatthaliyazchayil 2024): what sources advise, which rows a person comes under, who signed them.

Pure functions over tables; no database and no clock. Rows that no clinician has signed say so, and nothing here is
medical advice.
"""

from core.guidelines.base import NOT_REVIEWED as NOT_REVIEWED
from core.guidelines.base import Origin as Origin
from core.guidelines.base import Row as Row
from core.guidelines.base import guideline_rows as guideline_rows
from core.guidelines.base import read_rows as read_rows
from core.guidelines.gate import Gate as Gate
from core.guidelines.gate import Masked as Masked
from core.guidelines.gate import Needs as Needs
from core.guidelines.gate import safety_gate as safety_gate
from core.guidelines.health import FINDINGS as FINDINGS
from core.guidelines.health import MEASUREMENTS as MEASUREMENTS
from core.guidelines.health import QUESTIONS as QUESTIONS
from core.guidelines.health import Health as Health
from core.guidelines.limits import Conflict as Conflict
from core.guidelines.limits import Limits as Limits
from core.guidelines.limits import bound_text as bound_text
from core.guidelines.limits import limits_for as limits_for
from core.guidelines.rewards import Adherence as Adherence
from core.guidelines.rewards import WeekPlan as WeekPlan
from core.guidelines.rewards import adherence as adherence
from core.guidelines.rewards import days_in_a_row as days_in_a_row
from core.guidelines.rewards import sessions_asked as sessions_asked
from core.guidelines.rewards import spread_days as spread_days
from core.guidelines.rules import ARMS as ARMS
from core.guidelines.rules import POSITIONS as POSITIONS
from core.guidelines.rules import Rule as Rule
from core.guidelines.rules import Verdict as Verdict
from core.guidelines.rules import gate_rules as gate_rules
from core.guidelines.rules import read_rules as read_rules
from core.guidelines.signing import tables_hash as tables_hash
from core.guidelines.vocabulary import COMPONENTS as COMPONENTS
from core.guidelines.vocabulary import CONDITIONS as CONDITIONS
from core.guidelines.vocabulary import SEXES as SEXES
from core.guidelines.vocabulary import Intensity as Intensity
from core.guidelines.vocabulary import known_conditions as known_conditions
