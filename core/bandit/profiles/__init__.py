"""Synthetic profiles: an environment and an agent that make them, exact enumeration beside it, and how good they are.

``ProfileEnv`` is in ``profiles.environment``, and the agent in ``profiles.agent``: they import gymnasium and torch,
which nothing here does before it is called.
"""

from core.bandit.profiles.enumeration import enumerated_profiles as enumerated_profiles
from core.bandit.profiles.generation import Generated as Generated
from core.bandit.profiles.generation import Profiles as Profiles
from core.bandit.profiles.generation import dqn_profiles as dqn_profiles
from core.bandit.profiles.layout import DRAWN as DRAWN
from core.bandit.profiles.layout import PERSON as PERSON
from core.bandit.profiles.layout import wanted_rewards as wanted_rewards
from core.bandit.profiles.quality import Figure as Figure
from core.bandit.profiles.quality import Quality as Quality
from core.bandit.profiles.quality import quality as quality
