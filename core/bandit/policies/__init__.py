"""Policies: which arm to offer in a context. One policy a file, the same verbs on each (``policy.Policy``)."""

from core.bandit.policies.best_fixed import BestFixedArm as BestFixedArm
from core.bandit.policies.epsilon_greedy import EpsilonGreedy as EpsilonGreedy
from core.bandit.policies.hybrid import HybridLinUCB as HybridLinUCB
from core.bandit.policies.linear import LinearPolicy as LinearPolicy
from core.bandit.policies.linucb import LinUCB as LinUCB
from core.bandit.policies.oracle import Oracle as Oracle
from core.bandit.policies.policy import Policy as Policy
from core.bandit.policies.restoring import restore as restore
from core.bandit.policies.thompson import LinearThompson as LinearThompson
from core.bandit.policies.uniform import RandomPolicy as RandomPolicy
