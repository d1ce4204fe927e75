"""Step goals: what is on record, what it says about the client, a plan's preview, and the decision about it.

``read`` a client's record, ``fit`` its history, ``preview`` a plan as often as a slider moves, ``approve`` it.
"""

from core.services.days import Day as Day
from core.services.goals.deciding import approve as approve
from core.services.goals.deciding import approve_all as approve_all
from core.services.goals.deciding import export as export
from core.services.goals.deciding import withdraw as withdraw
from core.services.goals.fitting import Fit as Fit
from core.services.goals.fitting import fit as fit
from core.services.goals.fitting import warm as warm
from core.services.goals.group import Proposal as Proposal
from core.services.goals.group import Standing as Standing
from core.services.goals.group import last_count as last_count
from core.services.goals.group import propose as propose
from core.services.goals.group import standing as standing
from core.services.goals.previewing import RUN_IN as RUN_IN
from core.services.goals.previewing import STRETCH as STRETCH
from core.services.goals.previewing import Compared as Compared
from core.services.goals.previewing import Preview as Preview
from core.services.goals.previewing import compare as compare
from core.services.goals.previewing import preview as preview
from core.services.goals.previewing import suggested as suggested
from core.services.goals.previewing import usual as usual
from core.services.goals.record import History as History
from core.services.goals.record import Record as Record
from core.services.goals.record import read as read
from core.services.goals.record import read_many as read_many
from core.services.goals.settings import CALFIT as CALFIT
from core.services.goals.settings import PlanSettings as PlanSettings
