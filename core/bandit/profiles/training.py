"""How an agent is trained: the paper's hyper-parameters, and those that it does not name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Hyper-parameters.

    The first five are the paper's (Naliyatthaliyazchayil 2024, section 2.2), ε falling from one episode to the next as
    in its figure 4. It names none of the others; those are Spotter's.

    Attributes:
        learning_rate, discount: α and γ.
        first_epsilon, epsilon_decay, last_epsilon: share of random actions in the first episode, its factor from one
            episode to the next, and its least.
        hidden: width of both hidden layers.
        batch: steps learnt from at a time, once for each step taken.
        warm_up: steps before the first is learnt from.
        follow_every: steps from one copy to the target network to the next.
        capacity: steps remembered.
    """

    learning_rate: float = 0.001
    discount: float = 0.95
    first_epsilon: float = 1.0
    epsilon_decay: float = 0.995
    last_epsilon: float = 0.01
    hidden: int = 128
    batch: int = 64
    warm_up: int = 500
    follow_every: int = 250
    capacity: int = 50_000

    def epsilon(self, episode: int) -> float:
        """ε in an episode, counted from 0."""
        return max(self.last_epsilon, self.first_epsilon * self.epsilon_decay**episode)
