"""What Naliyatthaliyazchayil 2024 reports of its one run; shown beside, never aimed at."""

REGRET = {"linucb": 487.3, "epsilon-greedy": 600.5, "random": 721.6}
LESS = {"epsilon-greedy": 18.9, "random": 32.4}  # %, LinUCB's regret against each
DECISIONS = 60_000
DISTANCE = (0.58, 0.73)  # first and last day
EXPLORED = (0.40, 0.15)
SIMILAR = 0.73
FAIRNESS = {"sex": 0.05, "race": 0.07, "age group": 0.06}
