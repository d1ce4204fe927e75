"""Training of the recurrent ensemble: whole histories at once, every exercise a target.

This module imports torch, which takes more than a second: import it inside functions only.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from core.errors import InputError
from core.recommender.full_history import Drop, FullHistory, ensemble
from core.recommender.network import LAST_LAYER
from core.recommender.personalising import ANSWER_RATE
from core.recommender.settings import FullHistorySettings, Progress
from core.recommender.training import Samples
from core.recommender.windows import PADDING, Bools, Floats, Histories, Ints

ENOUGH = 10.0  # repeats that chance would give, for their absence to be no chance
EVALUATED = 256  # stretches at once: bounds the memory, not the result
MOST_NORM = 5.0  # of a gradient, as recurrent networks need


@dataclass(frozen=True, slots=True)
class Sequences:
    """S stretches of histories: items (S, T), PADDING on the right; which are targets, (S, T); profiles (S, P)."""

    items: Tensor
    targets: Tensor
    profiles: Tensor

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: Tensor) -> "Sequences":
        """Some of the stretches, as wide as the longest of them."""
        width = max(1, int((self.items[rows] != PADDING).sum(dim=1).max()))
        return Sequences(self.items[rows, :width], self.targets[rows, :width], self.profiles[rows])


def never_repeats(cohort: Histories, n_exercises: int, targets: Bools | None = None) -> bool:
    """Whether no target was done before by its client, where chance would have given repeats enough to tell.

    targets: which exercises of the cohort are looked at (None: all). Chance: each drawn by its share of them.
    """
    looked_at = np.ones(len(cohort.items), dtype=np.bool_) if targets is None else targets
    counts = np.bincount(cohort.items[looked_at], minlength=n_exercises)
    share = counts / max(1, counts.sum())
    before = np.arange(len(cohort.items)) - cohort.starts[cohort.clients]
    _, first = np.unique(cohort.clients * n_exercises + cohort.items, return_index=True)
    repeats = looked_at.copy()
    repeats[first] = False
    expected = float((before * share[cohort.items])[looked_at].sum())
    return not repeats.any() and expected >= ENOUGH


def as_sequences(
    cohort: Histories, profiles: Floats, clients: Ints, targets: Bools | None, settings: FullHistorySettings
) -> Sequences:
    """Histories of some clients in stretches of at most `settings.window` exercises and the one that follows them.

    A longer history is cut into stretches that overlap by half; each target stands in the first that holds it, which
    shows most of what came before it. A target has at least `settings.min_inputs` exercises before it.
    """
    wide, half = settings.window + 1, max(1, settings.window // 2)
    stretches: list[Ints] = []
    marks: list[Bools] = []
    owners: list[int] = []
    for client in clients:
        start, end = int(cohort.starts[client]), int(cohort.starts[client + 1])
        allowed = np.ones(end - start, dtype=np.bool_) if targets is None else targets[start:end].copy()
        allowed[: settings.min_inputs] = False
        for begin in range(0, max(1, end - start - wide + half), half):
            stretch = slice(begin, min(begin + wide, end - start))
            mark = allowed[stretch].copy()
            mark[: wide - half if begin else 0] = False
            if mark.any():
                stretches.append(cohort.items[start:end][stretch])
                marks.append(mark)
                owners.append(int(client))
    width = max(map(len, stretches), default=1)
    items = np.full((len(stretches), width), PADDING, dtype=np.int64)
    mask = np.zeros((len(stretches), width), dtype=np.bool_)
    for row, (stretch_items, mark) in enumerate(zip(stretches, marks, strict=True)):
        items[row, : len(stretch_items)] = stretch_items
        mask[row, : len(mark)] = mark
    table = profiles[np.array(owners, dtype=np.int64)].astype(np.float32)
    return Sequences(torch.from_numpy(items), torch.from_numpy(mask), torch.from_numpy(table))


@dataclass(frozen=True, slots=True)
class Course:
    """How the training of an ensemble went.

    epochs: that each member kept; spread: over how many exercises targets were spread; train_losses and stop_losses:
    of each epoch, as means over the members still in training.
    """

    epochs: tuple[int, ...]
    spread: int
    train_losses: list[float]
    stop_losses: list[float]


def train(
    first: Callable[[], FullHistory],
    training: Sequences,
    stopping: Sequences | None,
    generator: torch.Generator,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[FullHistory, Course]:
    """Train each member by Adam with decoupled weight decay, and join them.

    first: makes a member with random weights. A member ends when the loss on `stopping` has not improved for
    `settings.patience` epochs, and keeps its best epoch (the last one if `stopping` is None). Targets are spread over
    the next `settings.look_ahead` exercises or not, as the first member does better on `stopping`. Progress counts the
    epochs of all members together, of `again` too. Raises InputError if the loss stops being a finite number.
    """
    settings = first().settings
    # Where the order of exercises is half chance, as of films rated in one go, spread targets teach more; where it is
    # not, they blur it. The first member tells, if there is anybody to tell by.
    spreads = [1, settings.look_ahead] if stopping is not None and settings.look_ahead > 1 else [1]
    runs = len(spreads) - 1 + settings.members * (1 if stopping is None else 2)

    def one(run: int, spread: int) -> tuple[FullHistory, int, list[tuple[float, float | None]]]:
        return _train_member(first(), training, stopping, spread, generator, _of_all(progress, run, runs))

    tried = [one(run, spread) for run, spread in enumerate(spreads)]
    chosen = int(np.argmin([min(loss or 0.0 for _, loss in curve) for _, _, curve in tried]))
    others = range(len(spreads), len(spreads) + settings.members - 1)
    done = [tried[chosen], *(one(run, spreads[chosen]) for run in others)]
    curves = [curve for _, _, curve in done]
    at = [[curve[epoch] for curve in curves if epoch < len(curve)] for epoch in range(max(map(len, curves)))]
    course = Course(
        epochs=tuple(epoch for _, epoch, _ in done),
        spread=spreads[chosen],
        train_losses=[float(np.mean([loss for loss, _ in epoch])) for epoch in at],
        stop_losses=[float(np.mean([loss for _, loss in epoch])) for epoch in at] if stopping else [],
    )
    return ensemble([member for member, _, _ in done]), course


def again(
    first: Callable[[], FullHistory],
    everybody: Sequences,
    course: Course,
    generator: torch.Generator,
    progress: Callable[[Progress], None] | None = None,
) -> FullHistory:
    """Train the members anew on more clients, each for as many epochs as it kept before.

    The clients held out for stopping are a tenth of all, which a small cohort misses.
    """
    members = []
    runs = 2 * len(course.epochs) + (course.spread > 1 or first().settings.look_ahead > 1)
    for member, epochs in enumerate(course.epochs):
        told = _of_all(progress, runs - len(course.epochs) + member, runs)
        start = first()
        brief = replace(start, settings=replace(start.settings, epochs=epochs))
        trained, _, _ = _train_member(brief, everybody, None, course.spread, generator, told)
        members.append(replace(trained, settings=start.settings))
    return ensemble(members)


def mean_loss(network: FullHistory, sequences: Sequences) -> float:
    """Mean cross-entropy in nats over the targets, without dropout."""
    total = count = 0.0
    with torch.no_grad():
        for rows in torch.split(torch.arange(len(sequences)), EVALUATED):
            part = sequences.take(rows)
            loss, targets = _loss(network, part, None)
            total += float(loss) * targets
            count += targets
    return total / count


def fine_tune(
    network: FullHistory, samples: Samples, learning_rate: float, generator: torch.Generator
) -> FullHistory:
    """One epoch over the samples in which the last layer alone learns; the result shares all other weights."""
    with torch.no_grad():
        states = network.hidden(network.tables(), samples.items, samples.clients, samples.profiles)
    last = {name: network.weights[name].clone().requires_grad_() for name in map(str, LAST_LAYER)}
    tuned = network.with_weights(last)
    # Each weight moves as far in a step whatever their number; see `FullHistorySettings.answer_rate`.
    rate = learning_rate * network.settings.answer_rate / ANSWER_RATE
    optimiser = torch.optim.Adam(last.values(), lr=rate)
    for rows in torch.split(torch.randperm(len(samples), generator=generator), network.settings.batch_size):
        optimiser.zero_grad()
        cross_entropy(tuned.logits(states[rows]), samples.targets[rows]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.with_weights({name: weight.detach() for name, weight in last.items()})


def _train_member(
    member: FullHistory,
    training: Sequences,
    stopping: Sequences | None,
    spread: int,
    generator: torch.Generator,
    progress: Callable[[Progress], None] | None,
) -> tuple[FullHistory, int, list[tuple[float, float | None]]]:
    settings = member.settings
    weights = [weight.requires_grad_() for weight in member.weights.values()]
    optimiser = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    drop = Drop(generator)
    best, best_epoch, best_loss = member.copy(), 0, math.inf
    curve: list[tuple[float, float | None]] = []
    for epoch in range(1, settings.epochs + 1):
        train_loss = 0.0
        batches = list(_batches(training, settings.batch_size, generator))
        for part in batches:
            optimiser.zero_grad()
            loss, _ = _loss(member, part, drop, spread)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, MOST_NORM)
            optimiser.step()
            train_loss += float(loss.detach()) / len(batches)
        stop_loss = None if stopping is None else mean_loss(member, stopping)
        if not math.isfinite(train_loss + (stop_loss or 0.0)):
            raise InputError(
                f"Training diverged in epoch {epoch}: standardise the profiles, or give a learning_rate below "
                f"{settings.learning_rate}."
            )
        curve.append((train_loss, stop_loss))
        if stop_loss is None:
            best_epoch = epoch
        elif stop_loss < best_loss:
            best, best_epoch, best_loss = member.copy(), epoch, stop_loss
        if progress is not None:
            progress(Progress(epoch, settings.epochs, train_loss, stop_loss, best_epoch))
        if epoch - best_epoch >= settings.patience:
            break
    return (member.copy() if stopping is None else best), best_epoch, curve


def _batches(training: Sequences, size: int, generator: torch.Generator) -> Iterator[Sequences]:
    for rows in torch.split(torch.randperm(len(training), generator=generator), size):
        yield training.take(rows)


def _of_all(
    progress: Callable[[Progress], None] | None, run: int, runs: int
) -> Callable[[Progress], None] | None:
    """Progress of one of several trainings that follow one another, counted in the epochs of all."""
    if progress is None:
        return None

    def told(at: Progress) -> None:
        before = run * at.epochs
        progress(
            Progress(before + at.epoch, runs * at.epochs, at.train_loss, at.stop_loss, before + at.best_epoch)
        )

    return told


def _loss(network: FullHistory, part: Sequences, drop: Drop | None, spread: int = 1) -> tuple[Tensor, int]:
    """Mean cross-entropy over the targets of some stretches, and how many there are.

    spread: over so many exercises to come each target is spread, every one counting half of the one before.
    """
    counts = network.counts_along(part.items)
    states = network.along(part.items, part.profiles, counts, drop)[part.targets]
    scores = network.scores(states)
    if network.excludes:
        # By counts that nothing was dropped of.
        scores = network.without(scores, counts[part.targets])
    if spread == 1:
        wanted = part.items[part.targets]
        return cross_entropy(scores, wanted), len(wanted)
    likely = torch.log_softmax(scores, dim=1)
    total, weights = torch.zeros(len(scores)), torch.zeros(len(scores))
    for ahead in range(min(spread, part.items.shape[1])):
        coming = pad(part.items[:, ahead:], (0, ahead), value=PADDING)
        allowed = pad(part.targets[:, ahead:], (0, ahead), value=False)
        wanted = coming[part.targets]
        weight = torch.where(allowed[part.targets], 0.5**ahead, 0.0)
        own = likely.gather(1, wanted.clamp(min=0).unsqueeze(1)).squeeze(1)
        # Not 0 · −∞ where nothing is to come and the first exercise is left out.
        total = total - weight * torch.where(weight > 0, own, 0.0)
        weights = weights + weight
    return (total / weights).mean(), len(scores)
