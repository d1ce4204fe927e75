"""One immutable version of a fitted recommender: its parts, and how they are written to arrays and read back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.recommender import families
from core.recommender.families import AnySettings
from core.recommender.settings import TrainingSummary
from core.recommender.windows import Bools, Floats, Histories, Ints, Windows, target_places, windows_at

if TYPE_CHECKING:
    from torch import Tensor

    from core.recommender.families import AnyNetwork
    from core.recommender.network import Tables

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the fitted model did on windows of the clients held out for calibration.

    top: (m, 3) largest probability, second largest, and the sum of the rest, as eq. 10 takes them;
    true_probability: (m,) that of the exercise which was done; clients: (m,) rows of the cohort given to fit;
    held_out: False if the cohort was too small to hold out a client, so that these are training windows.
    """

    top: Floats
    true_probability: Floats
    clients: Ints
    held_out: bool

    @property
    def margins(self) -> Floats:
        """The m differences between the two largest probabilities."""
        return self.top[:, 0] - self.top[:, 1]


@dataclass(frozen=True, slots=True)
class Record:
    """What a fit leaves behind besides weights; all versions derived from it share it.

    training_clients: rows of the cohort given to fit; training_profiles, and the histories laid end to end
    (training_items, training_starts, and training_targets, which says what was trained on) are theirs, in that order.
    rehearsal_*: windows drawn from those, rehearsal_clients numbering the training clients. slice_*: windows of the
    held-out clients for the check of forgetting, with a profile each. calibration_*: see Calibration.
    """

    training_clients: Ints
    training_profiles: Floats
    training_items: Ints
    training_starts: Ints
    training_targets: Bools
    rehearsal_items: Ints
    rehearsal_targets: Ints
    rehearsal_clients: Ints
    slice_items: Ints
    slice_targets: Ints
    slice_profiles: Floats
    calibration_top: Floats
    calibration_true: Floats
    calibration_clients: Ints

    def windows_of(self, rows: Ints, settings: AnySettings) -> Windows:
        """The windows trained on of some training clients, whose rows they name."""
        histories = Histories(self.training_items, self.training_starts)
        mine = self.training_targets & np.isin(histories.clients, rows)
        return windows_at(histories, settings.window, target_places(histories, settings.min_inputs, mine))


@dataclass(slots=True)
class Body:
    """The layers below the last one, with what needs computing only once because they never change.

    The last layer in `network` is not used. The caches fill on first use; two threads may both fill one, with the
    same values.
    """

    network: "AnyNetwork"
    tables: "Tables | None" = None
    rehearsal: Floats | None = None
    slice: "Tensor | None" = None
    held_out_distances: Floats | None = None
    newest: "tuple[bytes, Tensor] | None" = None
    """The state of the one window that was asked for last, and what it was: an answer asks for it several times."""


@dataclass(frozen=True, slots=True)
class Version:
    """A network, and where it comes from.

    body: shared by all versions that differ in their last layer alone; root: the body as fitted; updates: answers
    learnt since; neighbours: rows of the clients that a new-client start used, nearest first.
    """

    network: "AnyNetwork"
    body: Body
    root: Body
    record: Record
    summary: TrainingSummary
    seed: int
    updates: int = 0
    neighbours: tuple[int, ...] = ()


def to_arrays(version: Version, *, rehearsal: bool) -> dict[str, NDArray[Any]]:
    """See Recommender.state."""
    from core.recommender.network import LAST_LAYER

    network, root = version.network, version.root
    arrays: dict[str, NDArray[Any]] = {}
    for name, weight in network.weights.items():
        if rehearsal or version.body is not root or name in LAST_LAYER:
            arrays[f"weights.{name}"] = weight.numpy().copy()
    if rehearsal:
        for part in fields(Record):
            arrays[f"record.{part.name}"] = getattr(version.record, part.name).copy()
        if network.exercises is not None:
            arrays["exercises"] = network.exercises.numpy().copy()
        if version.body is not root:
            for name, weight in root.network.weights.items():
                if name not in LAST_LAYER:
                    arrays[f"root.{name}"] = weight.numpy().copy()
    meta = {
        "settings": asdict(network.settings),
        "seed": version.seed,
        "summary": asdict(version.summary),
        "updates": version.updates,
        "neighbours": version.neighbours,
        "root": _fingerprint(root),
    } | families.described(network)
    arrays["meta"] = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8).copy()
    return arrays


def from_arrays(arrays: Arrays, base: Version | None) -> Version:
    """See Recommender.from_state."""
    try:
        meta = json.loads(bytes(np.asarray(arrays["meta"], dtype=np.uint8)))
        parts: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in meta["summary"].items()
        }
        summary = TrainingSummary(**parts)
        weights = _tensors(arrays, "weights.")
        if "record.training_clients" in arrays:
            root, record, derived = _own_root(arrays, meta, weights)
        else:
            root, record, derived = _root_of(base, meta["root"], weights)
        network = root.network.with_weights(weights)
        body = Body(network) if derived else root
        return Version(
            network, body, root, record, summary, meta["seed"], meta["updates"], tuple(meta["neighbours"])
        )
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"These arrays are not the state of a recommender ({error!r}).") from error


def _own_root(
    arrays: Arrays, meta: Mapping[str, Any], weights: "dict[str, Tensor]"
) -> tuple[Body, Record, bool]:
    import torch

    record = Record(**{part.name: np.array(arrays[f"record.{part.name}"]) for part in fields(Record)})
    exercises = torch.from_numpy(np.array(arrays["exercises"])) if "exercises" in arrays else None
    fitted = _tensors(arrays, "root.")
    return Body(families.rebuilt(meta, exercises, fitted or weights)), record, bool(fitted)


def _root_of(base: Version | None, root: str, weights: "dict[str, Tensor]") -> tuple[Body, Record, bool]:
    from core.recommender.network import LAST_LAYER

    if base is None:
        raise InputError("This state was taken without rehearsal; give the fitted model as base.")
    if _fingerprint(base.root) != root:
        raise InputError("base is not the fitted model that this version derives from.")
    return base.root, base.record, not weights.keys() <= set(LAST_LAYER)


def _tensors(arrays: Arrays, prefix: str) -> "dict[str, Tensor]":
    import torch

    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): torch.from_numpy(np.array(arrays[name])) for name in names}


def _fingerprint(body: Body) -> str:
    """A digest of the layers below the last one."""
    from core.recommender.network import LAST_LAYER

    digest = hashlib.sha256()
    for name, weight in sorted(body.network.weights.items()):
        if name not in LAST_LAYER:
            digest.update(name.encode() + weight.numpy().tobytes())
    return digest.hexdigest()
