"""The recommender: fitted on a cohort, asked for probabilities, taught by answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError, NoModel
from core.recommender.personalising import LastLayer, nearest, teach
from core.recommender.settings import Progress, Settings, TrainingSummary
from core.recommender.version import Arrays, Body, Calibration, Version, from_arrays, to_arrays
from core.recommender.windows import (
    Bools,
    Floats,
    History,
    Ints,
    check_exercise,
    check_histories,
    check_matrix,
    check_targets,
    last_windows,
    target_places,
)

if TYPE_CHECKING:
    from torch import Tensor

    from core.recommender.families import AnySettings

NEAREST = 3  # past cases that a new one is compared with

# Streams of random numbers, so that one use does not shift another.
_SPLIT, _KEEP, _ANSWER = range(3)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Top-1 accuracy and mean cross-entropy (nats) on the same held-out windows, before and after an answer.

    changed: windows that are right in one of the two and wrong in the other; a difference of accuracy is beyond
    chance where windows · |difference| is well above the square root of it (McNemar 1947).
    """

    windows: int
    changed: int
    top1_before: float
    top1_after: float
    loss_before: float
    loss_after: float


@dataclass(frozen=True, slots=True)
class Cases:
    """R past cases: windows (R, ω) of exercise indices (-1 where there was none), what came next (R,), h(t) (R, K)."""

    windows: Ints
    targets: Ints
    hidden: Floats


class Recommender:
    """Recommends a client's next exercise from the last few and the client's profile.

    >>> model = Recommender(Settings(epochs=2), seed=1).fit([[0, 1, 2, 0, 1], [1, 2, 0, 1, 2]], [[0.0], [1.0]])
    >>> model.predict_proba([[0, 1]], [[0.5]]).shape
    (1, 3)

    A fitted recommender is never changed by `update` or `personalise`: each returns a new version, and the versions
    share all that they have in common. The same seed and data give the same weights on the same machine with the same
    number of threads. Source: Mahyari, Pirolli and LeBlanc 2022.
    """

    def __init__(self, settings: "AnySettings | None" = None, *, seed: int = 0) -> None:
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise InputError(f"seed is {seed!r}; it must be a whole number of at least 0.")
        self.settings = Settings() if settings is None else settings
        self.seed = int(seed)
        self._version: Version | None = None

    def fit(
        self,
        histories: Sequence[History],
        profiles: ArrayLike,
        exercises: ArrayLike | None = None,
        *,
        targets: ArrayLike | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """Train on a cohort.

        histories: one sequence of exercise indices a client, oldest first; profiles: (n, P), encoded and standardised
        by the caller; exercises: (N, E) exercise profiles, or None, in which case N is the largest index + 1.
        targets: which of all exercises, client after client, may be a training target (None: all); this is how an
        evaluation holds windows out. progress is called after each epoch; raising from it ends training.

        Clients with something to learn from are split by seed into training, early stopping and calibration. Every
        part gets at least one client from three clients on. With two there is no early stopping, and all epochs are
        run; with one the calibration is made on the training windows (`calibration.held_out` is then False).

        Raises InputError for an empty cohort, an index out of range, a missing profile value or a wrong shape.
        """
        from core.recommender import families, training

        settings = self.settings
        features = None if exercises is None else check_matrix(exercises, "exercises")
        cohort = check_histories(histories, None if features is None else len(features))
        if not len(cohort):
            raise InputError("histories is empty; a cohort needs at least one client.")
        table = check_matrix(profiles, "profiles", rows=len(cohort))
        mask = check_targets(targets, len(cohort.items))
        places = target_places(cohort, settings.min_inputs, mask)
        if not len(places):
            raise InputError(
                f"histories hold no target with {settings.min_inputs} exercises before it; there is nothing to learn."
            )
        train, stop, calibrate = training.split_clients(
            np.unique(cohort.clients[places]),
            settings.stopping_share,
            settings.calibration_share,
            np.random.default_rng([self.seed, _SPLIT]),
        )
        n_exercises = int(cohort.items.max()) + 1 if features is None else len(features)
        fitted = families.fit(
            settings,
            families.Training(cohort, table, features, n_exercises, mask, train, stop),
            self.seed,
            progress,
        )
        rng = np.random.default_rng([self.seed, _KEEP])
        held_out = calibrate if len(calibrate) else fitted.clients
        record, errors = training.record(fitted, cohort, settings, table, mask, places, held_out, rng)
        summary = TrainingSummary(
            training_clients=len(train),
            stopping_clients=len(stop),
            calibration_clients=len(calibrate),
            training_windows=fitted.targets,
            best_epoch=fitted.best_epoch,
            train_losses=tuple(fitted.train_losses),
            stop_losses=tuple(fitted.stop_losses),
            calibration_held_out=len(calibrate) > 0,
            temperature=fitted.temperature,
            error_before=errors[0],
            error_after=errors[1],
        )
        body = Body(fitted.network)
        self._version = Version(fitted.network, body, body, record, summary, self.seed)
        return self

    def predict_proba(self, histories: Sequence[History], profiles: ArrayLike) -> Floats:
        """The probability of each exercise being next (eq. 7), shape (n, N), rows summing to 1.

        histories of any length, also empty; only their last `settings.window` exercises are read, but where nobody
        repeats an exercise (see `leaves_out`) none of a history can come again. profiles: (n, P).
        """
        from core.recommender import families
        from core.recommender.network import probabilities

        network = self._fitted.network
        logits = network.logits(self._hidden(histories, profiles))
        earlier = [history[: -self.settings.window] for history in histories]
        return probabilities(families.without_earlier(network, logits, earlier))

    def hidden(self, histories: Sequence[History], profiles: ArrayLike) -> Floats:
        """The last hidden state h(t) of eq. 6, shape (n, K); near states are cases the model takes for alike."""
        result: Floats = self._hidden(histories, profiles).double().numpy()
        return result

    def leaves_out(self, history: History, exercise: int) -> bool:
        """Whether `exercise` cannot come after `history`: nobody it learnt from repeats one, and this one was done."""
        from core.recommender import families

        last_windows([history], max(len(history), 1), self.n_exercises)  # checks them
        return families.leaves_out(self._fitted.network, history, check_exercise(exercise, self.n_exercises))

    def update(
        self, history: History, profile: ArrayLike, exercise: int, *, rng: np.random.Generator | None = None
    ) -> "Recommender":
        """A new version that was taught that `exercise` is right after `history`; this one is left as it is.

        Only the last layer learns (see `personalising.teach`). profile: (P,). rng draws the rehearsal windows; by
        default from the seed and the number of updates before this one. Source: Mahyari 2022, section IV-B.

        Raises InputError for an exercise that this model leaves out after `history` (see `leaves_out`).
        """
        import torch

        version = self._fitted
        right = check_exercise(exercise, self.n_exercises)
        if self.leaves_out(history, right):
            raise InputError(
                f"exercise {right} was done before, and this model leaves out what was done, as nobody it learnt from "
                "ever repeated one; train it anew with this client's log."
            )
        hidden = self.hidden([history], _row(profile))[0]
        if rng is None:
            rng = np.random.default_rng([self.seed, _ANSWER, version.updates])
        weights = version.network.weights
        bias = weights.get("b_y")
        layer = LastLayer(weights["w_y"].double().numpy(), None if bias is None else bias.double().numpy())
        layer = teach(
            layer,
            hidden,
            right,
            self._rehearsal(),
            version.record.rehearsal_targets,
            rng,
            rate=self.settings.answer_rate,
        )
        taught = {"w_y": torch.from_numpy(layer.weights.astype(np.float32))}
        if layer.bias is not None:
            taught["b_y"] = torch.from_numpy(layer.bias.astype(np.float32))
        return self._derive(
            replace(version, network=version.network.with_weights(taught), updates=version.updates + 1)
        )

    def personalise(self, profile: ArrayLike, *, k: int = 3) -> "Recommender":
        """A new version for a client without history, fine-tuned on the k training clients with the nearest profiles.

        One epoch at a small learning rate (see `families.fine_tune`); `neighbours` of the result tells which clients
        were used.
        profile: (P,). Source: Mahyari 2022, section III-B.
        """
        from core.recommender import families

        version = self._fitted
        record = version.record
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
            raise InputError(f"k is {k!r}; it must be a whole number of at least 1.")
        row = check_matrix(_row(profile), "profile", columns=self.n_profile)[0]
        near = nearest(row, record.training_profiles, int(k))
        windows = record.windows_of(near, self.settings)
        network = families.fine_tune(
            version.network,
            windows.items,
            windows.targets,
            windows.clients,
            record.training_profiles,
            self.seed,
        )
        used = tuple(int(client) for client in record.training_clients[near])
        body = version.body if families.same_body(network, version.network) else Body(network)
        return self._derive(replace(version, network=network, body=body, neighbours=used))

    def state(self, *, rehearsal: bool = True) -> dict[str, NDArray[Any]]:
        """All arrays of this version, ready for safetensors; `from_state` gives back an identical one.

        rehearsal=False leaves out what the version shares with the fitted model that it derives from, which then has
        to be given to `from_state` as `base`: after `update` only the last layer is stored, after `personalise` the
        weights. The entry "meta" is JSON as bytes (uint8).
        """
        return to_arrays(self._fitted, rehearsal=rehearsal)

    @classmethod
    def from_state(cls, arrays: Arrays, base: "Recommender | None" = None) -> "Recommender":
        """The version that `state` was taken of.

        base: the fitted model or any version derived from it; needed for a state without rehearsal, whose arrays are
        then shared with it. Raises InputError if the arrays are no such state, or if base is of another model.
        """
        version = from_arrays(arrays, None if base is None else base._fitted)
        result = cls(version.network.settings, seed=version.seed)
        result._version = version
        return result

    @property
    def fitted(self) -> bool:
        """Whether there is a model to ask: after `fit`, or as the result of another method."""
        return self._version is not None

    @property
    def n_exercises(self) -> int:
        """N, the number of exercises the model chooses from."""
        return len(self._fitted.network.weights["w_y"])

    @property
    def n_profile(self) -> int:
        """P, the number of profile columns."""
        return int(self._fitted.record.training_profiles.shape[1])

    @property
    def summary(self) -> TrainingSummary:
        """What the fit did."""
        return self._fitted.summary

    @property
    def updates(self) -> int:
        """How many answers this version has learnt since the fit."""
        return self._fitted.updates

    @property
    def neighbours(self) -> tuple[int, ...]:
        """Rows (in the cohort given to fit) of the clients a new-client start used, nearest first; else empty."""
        return self._fitted.neighbours

    @property
    def training_clients(self) -> Ints:
        """Rows (in the cohort given to fit) of the clients trained on."""
        return self._fitted.record.training_clients.copy()

    @property
    def calibration(self) -> Calibration:
        """The fitted model's probabilities on held-out clients; the same for all versions derived from it."""
        record = self._fitted.record
        return Calibration(
            record.calibration_top.copy(),
            record.calibration_true.copy(),
            record.calibration_clients.copy(),
            self._fitted.summary.calibration_held_out,
        )

    @property
    def cases(self) -> Cases:
        """Windows of the clients trained on, with what came next: the past that a prediction can be compared with."""
        record = self._fitted.record
        return Cases(record.rehearsal_items, record.rehearsal_targets, self._rehearsal())

    def distances(self, hidden: ArrayLike) -> Floats:
        """Mean distance of each hidden state (n, K) to the nearest few past cases, shape (n,): how unusual it is."""
        return _mean_nearest(check_matrix(hidden, "hidden"), self._rehearsal())

    @property
    def held_out_distances(self) -> Floats:
        """The same for windows of clients held out of training: what distances to expect."""
        body = self._fitted.body
        if body.held_out_distances is None:
            self._slice_figures()
            assert body.slice is not None
            body.held_out_distances = _mean_nearest(body.slice.double().numpy(), self._rehearsal())
        return body.held_out_distances

    @property
    def _fitted(self) -> Version:
        if self._version is None:
            raise NoModel("This recommender has not been trained; call fit first.")
        return self._version

    def _derive(self, version: Version) -> "Recommender":
        result = Recommender(self.settings, seed=self.seed)
        result._version = version
        return result

    def _hidden(self, histories: Sequence[History], profiles: ArrayLike) -> "Tensor":
        from core.recommender import training

        items = last_windows(histories, self.settings.window, self.n_exercises)
        table = check_matrix(profiles, "profiles", rows=len(items), columns=self.n_profile)
        body = self._fitted.body
        asked = items.tobytes() + table.tobytes() if len(items) == 1 else b""
        newest = body.newest
        if asked and newest is not None and newest[0] == asked:
            return newest[1]
        states = training.hidden_states(body, items, np.arange(len(items)), table)
        if asked:
            body.newest = asked, states
        return states

    def _rehearsal(self) -> Floats:
        """Hidden states of the rehearsal windows, shape (R, K), computed once a body."""
        from core.recommender import training

        body, record = self._fitted.body, self._fitted.record
        if body.rehearsal is None:
            body.rehearsal = (
                training.hidden_states(
                    body, record.rehearsal_items, record.rehearsal_clients, record.training_profiles
                )
                .double()
                .numpy()
            )
        return body.rehearsal

    def _slice_figures(self) -> tuple[Bools, float]:
        """Which windows of the held-out slice are right, and the mean cross-entropy on it."""
        from core.recommender import training
        from core.recommender.network import probabilities

        body, record = self._fitted.body, self._fitted.record
        rows = np.arange(len(record.slice_items))
        if body.slice is None:
            body.slice = training.hidden_states(body, record.slice_items, rows, record.slice_profiles)
        likely = probabilities(self._fitted.network.logits(body.slice))
        right = likely[rows, record.slice_targets]
        hits = np.asarray(likely.argmax(axis=1) == record.slice_targets)
        return hits, float(-np.mean(np.log(np.maximum(right, np.finfo(np.float64).tiny))))


def forgetting(before: Recommender, after: Recommender) -> Forgetting:
    """How two versions of one fitted model do on a slice of the clients that were held out of training.

    The slice is at most 1,024 windows of the calibration clients. Raises InputError if the versions do not derive
    from the same fitted model.
    """
    if before._fitted.record is not after._fitted.record:
        raise InputError(
            "before and after are not versions of the same fitted model; load one with the other as base."
        )
    hits_before, loss_before = before._slice_figures()
    hits_after, loss_after = after._slice_figures()
    return Forgetting(
        windows=len(hits_before),
        changed=int(np.count_nonzero(hits_before != hits_after)),
        top1_before=float(hits_before.mean()),
        top1_after=float(hits_after.mean()),
        loss_before=loss_before,
        loss_after=loss_after,
    )


def _mean_nearest(hidden: Floats, past: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    near = min(NEAREST, len(past))
    return np.asarray(np.partition(cdist(hidden, past), near - 1, axis=1)[:, :near].mean(axis=1))


def _row(profile: ArrayLike) -> NDArray[Any]:
    row = np.asarray(profile)
    if row.ndim != 1:
        raise InputError(
            f"profile has {row.ndim} dimensions; one client's profile is a flat sequence of numbers."
        )
    return row[None, :]
