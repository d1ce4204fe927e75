"""Studies of the bandit on synthetic people: the profiles, the paper's thirty days, and how wide to explore."""
