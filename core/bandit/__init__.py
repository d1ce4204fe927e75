"""Picks among a few arms: policies that learn, why they score as they do, and what another would earn.

Pure functions and objects over arrays; no database and no clock. Whatever is random comes from a generator passed in.
"""

from core.bandit.evaluation import Log as Log
from core.bandit.evaluation import Value as Value
from core.bandit.evaluation import direct as direct
from core.bandit.evaluation import doubly_robust as doubly_robust
from core.bandit.evaluation import effective_sample_size as effective_sample_size
from core.bandit.evaluation import inverse_propensity as inverse_propensity
from core.bandit.evaluation import predict_rewards as predict_rewards
from core.bandit.evaluation import self_normalised as self_normalised
from core.bandit.explanation import Background as Background
from core.bandit.explanation import Explanation as Explanation
from core.bandit.explanation import explain as explain
from core.bandit.policies import BestFixedArm as BestFixedArm
from core.bandit.policies import EpsilonGreedy as EpsilonGreedy
from core.bandit.policies import HybridLinUCB as HybridLinUCB
from core.bandit.policies import LinearPolicy as LinearPolicy
from core.bandit.policies import LinearThompson as LinearThompson
from core.bandit.policies import LinUCB as LinUCB
from core.bandit.policies import Oracle as Oracle
from core.bandit.policies import Policy as Policy
from core.bandit.policies import RandomPolicy as RandomPolicy
from core.bandit.policies import restore as restore
