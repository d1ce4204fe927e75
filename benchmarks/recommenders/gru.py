"""A full-history GRU with a full softmax, in the verbs of `Recommender`: the well-tuned recurrent peer.

After B. Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016 (GRU4Rec), with the
cross-entropy over all items in place of its sampled losses: the item at every position is foretold from all before it,
the first one from a token for the beginning.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from core.errors import NoModel
from core.recommender.windows import (
    Floats,
    History,
    check_histories,
    check_matrix,
    check_targets,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

CLIP = 5.0


class GRU:
    """One GRU layer between an embedding and a linear layer, with dropout on both sides; Adam.

    mask_seen: leave what the client has done before out of the softmax in training, too (for cohorts where nothing
    comes again). Every random number comes from ``seed``.
    """

    def __init__(
        self,
        n_items: int,
        seed: int,
        *,
        embedding: int = 64,
        hidden: int = 128,
        dropout: float = 0.3,
        learning_rate: float = 0.001,
        batch_size: int = 32,
        epochs: int = 20,
        mask_seen: bool = False,
    ) -> None:
        self.n_items, self.seed = n_items, seed
        self.embedding, self.hidden, self.dropout = embedding, hidden, dropout
        self.learning_rate, self.batch_size, self.epochs = learning_rate, batch_size, epochs
        self.mask_seen = mask_seen
        self._layers: nn.ModuleList | None = None

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike | None = None,  # noqa: ARG002
        exercises: ArrayLike | None = None,  # noqa: ARG002
        *,
        targets: ArrayLike | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Self:
        """Train on the allowed targets; progress is called with the number of epochs done, after each."""
        import torch
        from torch.nn.functional import cross_entropy

        cohort = check_histories(histories, self.n_items)
        mask = check_targets(targets, len(cohort.items))
        allowed = np.ones(len(cohort.items), dtype=np.bool_) if mask is None else mask
        length = int(np.diff(cohort.starts).max())
        wanted = np.zeros((len(cohort), length), dtype=np.int64)
        learnt = np.zeros((len(cohort), length), dtype=np.bool_)
        at = np.arange(len(cohort.items)) - cohort.starts[cohort.clients]
        wanted[cohort.clients, at] = cohort.items
        learnt[cohort.clients, at] = allowed
        inputs = self._inputs(
            [
                cohort.items[start : max(start, end - 1)]
                for start, end in zip(cohort.starts, cohort.starts[1:], strict=False)
            ]
        )
        rows = np.flatnonzero(learnt.any(axis=1))
        rng = np.random.default_rng(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            layers = self._new_layers()
            optimiser = torch.optim.Adam(layers.parameters(), lr=self.learning_rate)
            self._layers = layers
            for epoch in range(1, self.epochs + 1):
                layers.train()
                order = rng.permutation(rows)
                for start in range(0, len(order), self.batch_size):
                    batch = order[start : start + self.batch_size]
                    end = int(np.flatnonzero(learnt[batch].any(axis=0)).max()) + 1
                    x = torch.from_numpy(inputs[batch, :end])
                    logits = self._logits(x)
                    if self.mask_seen:
                        logits = logits.masked_fill(self._seen(x), torch.finfo(logits.dtype).min)
                    counted = torch.from_numpy(learnt[batch, :end])
                    loss = cross_entropy(logits[counted], torch.from_numpy(wanted[batch, :end])[counted])
                    optimiser.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    torch.nn.utils.clip_grad_norm_(layers.parameters(), CLIP)
                    optimiser.step()
                if progress is not None:
                    progress(epoch)
        return self

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike | None = None) -> Floats:  # noqa: ARG002
        """The probability of each item being next, shape (n, N)."""
        import torch

        if self._layers is None:
            raise NoModel("This GRU has not been trained; call fit first.")
        cohort = check_histories(histories, self.n_items)
        lengths = np.diff(cohort.starts)
        self._layers.eval()
        result = np.empty((len(cohort), self.n_items))
        # Histories of like length together, so that little is padded.
        for rows in np.array_split(np.argsort(lengths, kind="stable"), max(1, len(cohort) // 256)):
            x = self._inputs([cohort.items[cohort.starts[row] : cohort.starts[row + 1]] for row in rows])
            with torch.no_grad():
                logits = self._logits(torch.from_numpy(x))[torch.arange(len(rows)), lengths[rows]]
                result[rows] = torch.softmax(logits.double(), dim=1).numpy()
        return check_matrix(result, "probabilities")

    def _inputs(self, histories: Sequence[History]) -> np.ndarray:
        """The token for the beginning (N), then the history; padding (N + 1) on the right."""
        length = 1 + max(map(len, histories))
        inputs = np.full((len(histories), length), self.n_items + 1, dtype=np.int64)
        inputs[:, 0] = self.n_items
        for row, history in zip(inputs, histories, strict=True):
            row[1 : 1 + len(history)] = history
        return inputs

    def _new_layers(self) -> "nn.ModuleList":
        from torch import nn

        return nn.ModuleList(
            [
                nn.Embedding(self.n_items + 2, self.embedding, padding_idx=self.n_items + 1),
                nn.Dropout(self.dropout),
                nn.GRU(self.embedding, self.hidden, batch_first=True),
                nn.Dropout(self.dropout),
                nn.Linear(self.hidden, self.n_items),
            ]
        )

    def _logits(self, inputs: "Tensor") -> "Tensor":
        """(B, L, N): what follows each position."""
        assert self._layers is not None
        embedding, before, recurrent, after, out = self._layers
        states, _ = recurrent(before(embedding(inputs)))
        result: Tensor = out(after(states))
        return result

    def _seen(self, inputs: "Tensor") -> "Tensor":
        """(B, L, N): what was done at or before each position of the input."""
        from torch.nn.functional import one_hot

        return one_hot(inputs, self.n_items + 2)[..., : self.n_items].cumsum(dim=1) > 0
