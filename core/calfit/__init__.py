"""Step goals (Zhou 2018): how a client answers goals, what that says about them, and the goals to set next.

Pure functions over arrays; no database and no clock. What needs a compiler or a solver imports it when it is called.
"""

from core.calfit.behavior import GOAL_CAP as GOAL_CAP
from core.calfit.behavior import HELPLESSNESS as HELPLESSNESS
from core.calfit.behavior import Behavior as Behavior
from core.calfit.behavior import Course as Course
from core.calfit.behavior import simulate as simulate
from core.calfit.estimation import Estimate as Estimate
from core.calfit.estimation import estimate as estimate
from core.calfit.estimation import estimate_many as estimate_many
from core.calfit.estimation import warm as warm
from core.calfit.forecasting import Forecast as Forecast
from core.calfit.forecasting import forecast as forecast
from core.calfit.planning import Plan as Plan
from core.calfit.planning import plan as plan
from core.calfit.posterior import Posterior as Posterior
from core.calfit.posterior import chances as chances
from core.calfit.posterior import outlook as outlook
from core.calfit.prior import PRIOR as PRIOR
from core.calfit.prior import Prior as Prior
from core.calfit.programs import Certificate as Certificate
from core.calfit.programs import certify as certify
