"""The simulation of Naliyatthaliyazchayil 2024, section 3.1: synthetic people, thirty days, and what each policy earns.

People, health records and wishes are invented; of what is here only the guideline rows come from sources, and no
clinician has reviewed those.
"""

from core.bandit.simulation.starting import start_decisions as start_decisions
from core.bandit.simulation.world import ENVIRONMENTS as ENVIRONMENTS
from core.bandit.simulation.world import Draw as Draw
from core.bandit.simulation.world import World as World
