"""Train one of RecTools' models and score every item after every asked-for history; run by the peers' own Python.

    PYTHON peers_runner.py JOB.npz JOB.json SCORES.npz

It imports nothing of Spotter, which lives in another environment. JOB.npz holds the cohort (``items`` end to end,
``starts``; item indices 0 … N − 1), ``train`` (a mask over items: what may be learnt from; of each client a beginning,
or all, or nothing) and ``places`` (M,): which items are to be foretold from all that the same client did before them.
JOB.json holds ``model``, ``seed``, ``n_items``, ``threads``, ``parameters`` of the model and ``epochs``, one or several
numbers of epochs after which to score. SCORES.npz gets ``scores`` (len(epochs), M, N), higher is likelier, and
``seconds``; nothing is ranked here, so that one function ranks for every model.

Every history begins with a token that is no item, so that the first item is learnt and foretold as well.
"""

import itertools
import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import HSTUModel, SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers

MODELS = {"sasrec": SASRecModel, "esasrec": SASRecModel, "hstu": HSTUModel}
# Times of items are not given to any model here, and HSTU's would include the time of the item to be foretold.
FIXED = {
    "sasrec": {},
    "esasrec": {"transformer_layers_type": LiGRLayers, "use_key_padding_mask": True},
    "hstu": {"relative_time_attention": False, "relative_pos_attention": True},
}


def trainer() -> Trainer:
    return Trainer(
        max_epochs=1,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
    )


def dataset(histories: list[np.ndarray], begin: int) -> Dataset:
    """User u is histories[u], after the token for the beginning; times are places in the history."""
    lengths = [len(history) + 1 for history in histories]
    frame = pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(histories)), lengths),
            Columns.Item: np.concatenate([np.append(begin, history) for history in histories]),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.concatenate([np.arange(n) for n in lengths]), unit="s"),
        }
    )
    return Dataset.construct(frame)


def training_histories(items: np.ndarray, starts: np.ndarray, train: np.ndarray) -> list[np.ndarray]:
    """Of each client what may be learnt from; those without anything are left out."""
    found = []
    for first, end in itertools.pairwise(starts):
        allowed = train[first:end]
        length = int(allowed.sum())
        if not allowed[:length].all():
            raise SystemExit(
                "train marks items after unmarked ones; these models learn from whole beginnings."
            )
        if length:
            found.append(items[first : first + length])
    return found


def score(model: SASRecModel, asked: Dataset, rows: int, n_items: int) -> np.ndarray:
    """Every item's score for every asked-for history; items that training never saw come last."""
    users = np.arange(rows)
    found = model.recommend(users=users, dataset=asked, k=n_items + 1, filter_viewed=False)
    items = found[Columns.Item].to_numpy()
    real = items < n_items
    scores = np.full((rows, n_items), -np.inf, dtype=np.float32)
    scores[found[Columns.User].to_numpy()[real], items[real]] = found[Columns.Score].to_numpy()[real]
    lowest = np.where(np.isfinite(scores), scores, np.inf).min(axis=1, keepdims=True)
    return np.where(np.isfinite(scores), scores, lowest - 1)


def main() -> None:
    job_arrays, job_file, scores_file = map(Path, sys.argv[1:4])
    job = json.loads(job_file.read_text(encoding="utf-8"))
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(job["threads"])
    with np.load(job_arrays) as arrays:
        items, starts, train, places = (arrays[name] for name in ("items", "starts", "train", "places"))
    n_items = job["n_items"]
    clients = np.searchsorted(starts, places, side="right") - 1
    learnt = dataset(training_histories(items, starts, train), n_items)
    asked = dataset([items[starts[c] : place] for c, place in zip(clients, places, strict=True)], n_items)
    seed_everything(job["seed"], verbose=False)
    model = MODELS[job["model"]](
        get_trainer_func=trainer,
        **FIXED[job["model"]],
        **job["parameters"],
    )
    started = time.perf_counter()
    trained, scores = 0, []
    for epochs in job["epochs"]:
        model.fit_partial(learnt, min_epochs=epochs - trained, max_epochs=epochs - trained)
        trained = epochs
        scores.append(score(model, asked, len(places), n_items))
        print(f"           {job['model']}: {epochs} of {job['epochs'][-1]} epochs", flush=True)
    seconds = time.perf_counter() - started
    partial = scores_file.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(file, scores=np.stack(scores), seconds=seconds)
    partial.replace(scores_file)


if __name__ == "__main__":
    main()
