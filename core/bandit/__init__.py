"""Picks among a few arms: policies that learn, and why they score as they do.

Pure functions and objects over arrays; no database and no clock. Whatever is random comes from a generator passed in.
"""

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
