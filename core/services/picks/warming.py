"""What the first explanation would wait for, done while nobody waits."""

import numpy as np

from core.bandit import explain
from core.bandit.contexts import ENCODING
from core.bandit.flips import smallest_change
from core.bandit.people import People
from core.bandit.stability import rank_stability
from core.guidelines import ARMS, tables_hash
from core.services.picks.policies import begun
from core.services.picks.settings import PolicySettings
from core.services.studies.version import code_version


def warm() -> None:
    """Explain a pick for nobody in particular, so that everything it needs is imported and the tables are read."""
    rng = np.random.default_rng(0)
    policy = begun(PolicySettings(), rng)
    x = ENCODING.encode(People.of([{}]))
    arm = policy.choose(x[0])
    explain(policy, x[0], x, ENCODING.names, arm=arm)
    rank_stability(policy, x[0], x, ENCODING.names, arm, rng, repeats=1)
    smallest_change(policy, {}, np.ones(len(ARMS), dtype=bool))
    code_version()
    tables_hash()
