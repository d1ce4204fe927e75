"""A recurrent ensemble over the full history: what the workbench has beside the paper's network.

Each of M members is a gated recurrent unit (Cho 2014) over all that a client has done (the last 128 exercises where it
is more), begun from the profile. Beside its state stand counts of what was done, discounted at several rates: γ = 1
counts all, γ = 0 the last alone, as a Markov chain does. One softmax over both gives the prediction; members are
averaged in the logits, so that the whole is again one softmax regression on one state, which an answer can teach (see
`personalising`).

Where no client ever repeats an exercise, as nobody rates a film twice, what was done before is left out of the softmax,
in training as in prediction: the model then need not learn what cannot come.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, one_hot

from core.recommender.network import Tables
from core.recommender.settings import FullHistorySettings
from core.recommender.windows import PADDING

STAGES = 8  # of a history: none done, 1, 3, 7, … done
CHUNK = 512  # runs computed at once: bounds the memory, not the result
BODY = ("embeddings", "w_input", "w_state", "b_input", "b_state", "w_begin", "b_begin")


@dataclass(frozen=True)
class FullHistory:
    """The weights of M members with embeddings of D and states of H, for N exercises and profiles of P columns.

    embeddings (M, N + 1, D), whose last row begins a history; w_input (M, 3H, D), w_state (M, 3H, H), b_input and
    b_state (M, 3H) of the units; w_begin (M, H, P) and b_begin (M, H) of the states they begin from; w_y (N, K) and
    b_y (N,) of the softmax. K = M·H + Γ·N + STAGES + P: the members' states, the counts for each of Γ discounts,
    how far the history has come, and the profile.

    excludes: whether what was done before is left out of the softmax. features: (N, E), kept with the model.
    """

    settings: FullHistorySettings
    exercises: Tensor | None
    weights: dict[str, Tensor]
    excludes: bool = False

    def with_weights(self, weights: dict[str, Tensor]) -> "FullHistory":
        """The same network with some weights replaced; the others are shared, not copied."""
        return replace(self, weights=self.weights | weights)

    def copy(self) -> "FullHistory":
        """The same network with weights of its own."""
        return self.with_weights({name: weight.detach().clone() for name, weight in self.weights.items()})

    @property
    def n(self) -> int:
        """N, the number of exercises."""
        return len(self.weights["w_y"])

    @property
    def members(self) -> int:
        """M, the number of members."""
        return len(self.weights["embeddings"])

    @property
    def recurrent(self) -> int:
        """How many entries of the state come from the members; the others are counts, stage and profile."""
        return self.members * self.weights["w_state"].shape[2]

    def tables(self) -> Tables:
        """The embeddings, which need no computing; there so that both networks have the same verbs."""
        return Tables(self.weights["embeddings"], None)

    def hidden(self, tables: Tables, items: Tensor, clients: Tensor | None, profiles: Tensor) -> Tensor:  # noqa: ARG002
        """The state after each window, shape (B, K).

        items: (B, ω) exercise indices, PADDING on the left; clients: (B,) rows of profiles, shape (C, P), or None
        where profiles has a row for each window. Windows that follow one another and show one history growing share a
        run of the units.
        """
        found = torch.empty(len(items), self.weights["w_y"].shape[1])
        lengths = (items != PADDING).sum(dim=1)
        history = _from_the_left(items, lengths)
        run = _runs(history, torch.arange(len(items)) if clients is None else clients, profiles)
        order = torch.argsort(lengths[run], stable=True)  # runs of like length together: little is padded
        for rows in _split_at_runs(order, run):
            own, at = torch.unique(run[rows], return_inverse=True)
            length = int(lengths[own].max()) if len(own) else 0
            of = profiles[own] if clients is None else profiles[clients[own]]
            recurrent = self.recurrent_states(history[own, :length], of)[at, lengths[rows]]
            known = self._known(items[rows][:, items.shape[1] - length :], lengths[rows], of[at])
            found[rows] = torch.cat([recurrent, known], dim=1)
        return found

    def along(self, history: Tensor, profiles: Tensor, counts: Tensor, drop: "Drop | None" = None) -> Tensor:
        """The state before each exercise of histories that begin at the left, shape (B, T, K).

        history: (B, T), PADDING on the right; counts: what `counts_along` gives for it; drop: None but in training.
        """
        states = self.recurrent_states(history[:, :-1], profiles, drop)
        if drop is not None:
            states, counts = drop(states, self.settings.dropout), drop(counts, self.settings.count_dropout)
        before = torch.arange(history.shape[1]).expand(len(history), -1)
        beside = profiles.unsqueeze(1).expand(-1, history.shape[1], -1)
        return torch.cat([states, counts, self._stage(before), beside], dim=2)

    def recurrent_states(self, history: Tensor, profiles: Tensor, drop: "Drop | None" = None) -> Tensor:
        """The members' states before the first exercise and after each, shape (B, T + 1, M·H); history is (B, T)."""
        w = self.weights
        begin = history.new_full((len(history), 1), self.n)
        at = torch.cat([begin, torch.where(history == PADDING, self.n, history)], dim=1)
        states = []
        for member in range(self.members):
            inputs = embedding(at, w["embeddings"][member])
            if drop is not None:
                inputs = drop(inputs, self.settings.dropout)
            start = torch.tanh(linear(profiles, w["w_begin"][member], w["b_begin"][member]))
            units = [w[name][member] for name in ("w_input", "w_state", "b_input", "b_state")]
            states.append(torch.gru(inputs, start.unsqueeze(0), units, True, 1, 0.0, False, False, True)[0])
        return torch.cat(states, dim=2)

    def counts_along(self, history: Tensor) -> Tensor:
        """Discounted counts of what was done before each exercise, shape (B, T, Γ·N)."""
        done = one_hot(history.clamp(min=0), self.n) * (history != PADDING).unsqueeze(2)
        steps = torch.arange(history.shape[1])
        lags = steps.unsqueeze(1) - steps - 1
        counts = [
            torch.where(lags >= 0, _discounted(lags, discount), 0.0)
            / _scale(steps, discount).unsqueeze(1)
            @ done.to(torch.float32)
            for discount in self.settings.discounts
        ]
        return torch.cat(counts, dim=2)

    def scores(self, hidden: Tensor) -> Tensor:
        """What each exercise scores, shape (…, N), before anything is left out."""
        return linear(hidden, self.weights["w_y"], self.weights["b_y"])

    def logits(self, hidden: Tensor) -> Tensor:
        """The argument of the softmax, shape (…, N); −∞ at what is left out of it."""
        scores = self.scores(hidden)
        return self.without(scores, hidden[..., self.recurrent :]) if self.excludes else scores

    def without(self, scores: Tensor, counts: Tensor) -> Tensor:
        """Scores with −∞ at what was done before, unless that is all there is."""
        # The first discount is 1: its count is zero exactly where something was never done.
        done = counts[..., : self.n] > 0
        return scores.masked_fill(done & ~done.all(dim=-1, keepdim=True), -math.inf)

    def _known(self, items: Tensor, lengths: Tensor, profiles: Tensor) -> Tensor:
        """Counts, stage and profile after windows padded on the left, shape (B, Γ·N + STAGES + P)."""
        real = items != PADDING
        lags = torch.arange(items.shape[1] - 1, -1, -1).expand_as(items)
        at = items.clamp(min=0)
        parts = []
        for discount in self.settings.discounts:
            counts = torch.zeros(len(items), self.n)
            counts.scatter_add_(1, at, torch.where(real, _discounted(lags, discount), 0.0))
            parts.append(counts / _scale(lengths, discount).unsqueeze(1))
        return torch.cat([*parts, self._stage(lengths), profiles], dim=1)

    def _stage(self, done: Tensor) -> Tensor:
        return one_hot(torch.log2(done + 1.0).long().clamp(max=STAGES - 1), STAGES).to(torch.float32)


class Drop:
    """Dropout that draws from a generator of its own: torch's draws from the global one."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, values: Tensor, share: float) -> Tensor:
        """The values, a share of them zero and the others larger for it."""
        if not share:
            return values
        return values * (torch.rand(values.shape, generator=self.generator) >= share) / (1 - share)


def initial(
    settings: FullHistorySettings,
    n_exercises: int,
    n_profile: int,
    exercises: Tensor | None,
    excludes: bool,
    generator: torch.Generator,
) -> FullHistory:
    """One member with random weights, drawn from `generator` alone; the softmax begins at zero but for its states."""
    d, h = settings.embedding, settings.state
    known = len(settings.discounts) * n_exercises + STAGES + n_profile

    def drawn(*shape: int, bound: float) -> Tensor:
        return torch.empty(shape).uniform_(-bound, bound, generator=generator)

    unit = 1 / math.sqrt(h)
    weights = {
        "embeddings": drawn(1, n_exercises + 1, d, bound=0.5),
        "w_input": drawn(1, 3 * h, d, bound=unit),
        "w_state": drawn(1, 3 * h, h, bound=unit),
        "b_input": drawn(1, 3 * h, bound=unit),
        "b_state": drawn(1, 3 * h, bound=unit),
        "w_begin": drawn(1, h, n_profile, bound=1 / math.sqrt(max(n_profile, 1))),
        "b_begin": torch.zeros(1, h),
        "w_y": torch.cat([drawn(n_exercises, h, bound=unit), torch.zeros(n_exercises, known)], dim=1),
        "b_y": torch.zeros(n_exercises),
    }
    return FullHistory(settings, exercises, weights, excludes)


def ensemble(members: Sequence[FullHistory]) -> FullHistory:
    """Several networks as one, whose logits are the mean of theirs."""
    first = members[0]
    weights = {name: torch.cat([member.weights[name] for member in members]) for name in BODY}
    states = [member.weights["w_y"][:, : member.recurrent] / len(members) for member in members]
    known = torch.stack([member.weights["w_y"][:, member.recurrent :] for member in members]).mean(dim=0)
    weights["w_y"] = torch.cat([*states, known], dim=1)
    weights["b_y"] = torch.stack([member.weights["b_y"] for member in members]).mean(dim=0)
    return replace(first, weights=weights)


def _from_the_left(items: Tensor, lengths: Tensor) -> Tensor:
    """Windows (B, ω) with their padding on the right in place of the left."""
    at = torch.arange(items.shape[1]) + (items.shape[1] - lengths).unsqueeze(1)
    return torch.where(
        at < items.shape[1], items.gather(1, at.clamp(max=max(items.shape[1] - 1, 0))), PADDING
    )


def _runs(history: Tensor, clients: Tensor, profiles: Tensor) -> Tensor:
    """For each window the last of those after it that it is a beginning of, one by one; itself if there is none."""
    rows = torch.arange(len(history))
    if len(rows) < 2:
        return rows
    before, after = history[:-1], history[1:]
    begins = ((before == after) | (before == PADDING)).all(dim=1)
    begins &= (profiles[clients[:-1]] == profiles[clients[1:]]).all(dim=1)
    ends = torch.where(torch.cat([begins, begins.new_zeros(1)]), len(rows), rows)
    return ends.flip(0).cummin(dim=0).values.flip(0)


def _split_at_runs(order: Tensor, run: Tensor) -> Sequence[Tensor]:
    """The rows in that order, in parts of at most CHUNK runs, none of which is torn."""
    _, sizes = torch.unique_consecutive(run[order], return_counts=True)
    return torch.split(order, [int(part.sum()) for part in torch.split(sizes, CHUNK)])


def _discounted(lags: Tensor, discount: float) -> Tensor:
    """γ^lag: what an exercise counts that was done so many exercises before the last one."""
    return torch.pow(torch.tensor(discount), lags.clamp(min=0).to(torch.float32))


def _scale(done: Tensor, discount: float) -> Tensor:
    """What keeps counts near one however long the history: √n without a discount, else the limit of their sum."""
    if discount == 1:
        return torch.sqrt(done.clamp(min=1).to(torch.float32))
    return torch.full(done.shape, 1 / (1 - discount))
