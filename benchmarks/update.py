"""From an answer to the taught model's new prediction, in core; run ``python -m benchmarks.update``.

200 answers one after another, each an update and the prediction that follows it, at the paper's two sizes, and with the
full-history ensemble. The peer, in the same run and on the same answers, is the plain torch loop: the paper's network
layer by layer on one-hot inputs, all layers fine-tuned by autograd on the same batches. The cohort is generated here
(it has the sample cohort's shape: 72 clients with 36 exercises each); only the times vary between runs.

Beside them stands the whole of what a key press sets off in core: the label, the version's weights on disk, the
client's new recommendation and status and the audit row, committed and synced, up to the figures that the page shows.
"""

import argparse
import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.recommender import FullHistorySettings, Recommender, Settings
from core.services import Store, labelling, models, preparing, recommending
from core.services.labelling import Answer
from core.store import people, requests

CLIENTS, LENGTH, PROFILE, FEATURES = 72, 36, 6, 8
ANSWERS = 200
SIZES = [("44 exercises", 44, Settings()), ("100 films", 100, Settings.movielens())]

Floats = NDArray[np.float64]


class PlainNetwork(nn.Module):
    """Eqs 1–7 with one linear layer an equation, nothing computed once and shared."""

    def __init__(self, n: int, s: Settings) -> None:
        super().__init__()
        self.w_x, self.w_u, self.w_e = (
            nn.Linear(a, b, bias=False) for a, b in ((n, s.k_x), (PROFILE, s.k_u), (FEATURES, s.k_e))
        )
        self.w_1, self.w_2 = nn.Linear(s.k_x, s.k, bias=False), nn.Linear(s.k_u, s.k, bias=False)
        self.w_3, self.w_4 = nn.Linear(s.k, 1, bias=False), nn.Linear(s.k_e, 1, bias=False)
        self.rnn = nn.RNN(s.k, s.k, nonlinearity="relu", batch_first=True, bias=False)
        self.w_y = nn.Linear(s.k, n)

    def forward(self, x: Tensor, u: Tensor, e: Tensor) -> Tensor:
        """Logits (B, N) of one-hot windows (B, ω, N), profiles (B, ω, P) and exercise profiles (B, ω, E)."""
        embedded = self.w_1(self.w_x(x).relu())
        psi = (embedded * self.w_2(self.w_u(u).relu())).softmax(dim=2) * embedded
        weights = (self.w_3(psi) + self.w_4(self.w_e(e).relu())).softmax(dim=1)
        return self.w_y(self.rnn(weights * psi)[0][:, -1])


def cohort(n: int, rng: np.random.Generator) -> tuple[list[list[int]], Floats, Floats]:
    """Histories that go on to a near exercise, with random profiles."""
    steps = rng.integers(1, 4, size=(CLIENTS, LENGTH)).cumsum(axis=1)
    histories = ((steps + rng.integers(n, size=(CLIENTS, 1))) % n).tolist()
    return histories, rng.normal(size=(CLIENTS, PROFILE)), rng.random((n, FEATURES))


def measure(
    answer: Callable[[list[int], Floats, int], object], answers: list[tuple[list[int], Floats, int]]
) -> Floats:
    """Milliseconds of each answer."""
    times = []
    for history, profile, exercise in answers:
        start = time.perf_counter()
        answer(history, profile, exercise)
        times.append((time.perf_counter() - start) * 1e3)
    return np.array(times)


def ours(model: Recommender) -> Callable[[list[int], Floats, int], object]:
    def answer(history: list[int], profile: Floats, exercise: int) -> object:
        nonlocal model
        model = model.update(history, profile, exercise)
        return model.predict_proba([history], profile[None, :])

    return answer


def peer(
    n: int, settings: Settings, histories: list[list[int]], profiles: Floats, exercises: Floats
) -> Callable[[list[int], Floats, int], object]:
    """The plain loop, on inputs that are already tensors."""
    network = PlainNetwork(n, settings)
    draws = torch.Generator().manual_seed(0)
    one_hot, features = torch.eye(n), torch.tensor(exercises).float()
    windows = torch.tensor([h[i - 3 : i] for h in histories for i in range(3, LENGTH)])
    targets = torch.tensor([h[i] for h in histories for i in range(3, LENGTH)])
    rows = torch.tensor(profiles).float().repeat_interleave(LENGTH - 3, dim=0)

    def forward(network: PlainNetwork, items: Tensor, u: Tensor) -> Tensor:
        logits: Tensor = network(one_hot[items], u.unsqueeze(1).expand(-1, 3, -1), features[items])
        return logits

    def answer(history: list[int], profile: Floats, exercise: int) -> object:
        nonlocal network
        # A version that has been kept must not change: each answer works on a copy, as ours does.
        network = copy.deepcopy(network)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
        window, u = torch.tensor([history[-3:]]), torch.tensor(profile).float()[None]
        for _ in range(2):
            chosen = torch.randint(len(windows), (30,), generator=draws)
            optimiser.zero_grad()
            logits = forward(
                network, torch.cat([window, windows[chosen], window]), torch.cat([u, rows[chosen], u])
            )
            right = torch.cat([torch.tensor([exercise]), targets[chosen], torch.tensor([exercise])])
            nn.functional.cross_entropy(logits, right).backward()
            optimiser.step()
        with torch.no_grad():
            return forward(network, window, u).softmax(dim=1)

    return answer


def whole_answers() -> Floats:
    """Milliseconds of each answer given through the services, on the sample cohort as a first start makes it."""
    times: list[float] = []
    torch.set_num_threads(1)  # as the workbench serves
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        preparing.prepare(store, lambda _line: None)
        with store.change("set", by="benchmark", subject="settings") as change:
            people.set_setting(change.db, models.ALPHA, 0.999)
        recommending.refresh(store, 1)
        user = people.user(store.db, preparing.FIRST_PERSON)
        while len(times) < ANSWERS + 1:
            for request in requests.open_requests(store.db, user_id=user["id"]):
                given = Answer(request["id"], str(len(times)), "exercise", request["top"][1][0])
                start = time.perf_counter()
                outcome = labelling.answer(store, user["name"], given)
                times.append((time.perf_counter() - start) * 1e3)
                assert outcome.after, outcome.message
                labelling.undo(store, user["name"], outcome.label_id or 0)
        store.close()
    return np.array(times[1 : ANSWERS + 1])  # the first one warms up


def main() -> None:
    print(f"An answer and the next prediction, ms ({ANSWERS} answers, {torch.get_num_threads()} threads)")
    print(f"{'':<14}{'way':<36}{'first':>9}{'median':>9}{'p95':>9}{'ratio of medians':>18}")
    for name, n, settings in SIZES:
        rng = np.random.default_rng(2022)
        histories, profiles, exercises = cohort(n, rng)
        model = Recommender(replace(settings, epochs=2)).fit(histories, profiles, exercises)
        asked = [
            (c, histories[c][: int(rng.integers(3, LENGTH))]) for c in rng.integers(CLIENTS, size=ANSWERS)
        ]
        # Nobody repeats one of 100 here, and what was done is then no answer for the ensemble.
        answers = [
            (history, profiles[c], int(rng.choice(np.setdiff1d(np.arange(n), history))))
            for c, history in asked
        ]
        plain = measure(peer(n, settings, histories, profiles, exercises), answers)
        quick = measure(ours(model), answers)
        ensemble = Recommender(FullHistorySettings(epochs=2)).fit(histories, profiles, exercises)
        for way, times in (
            ("last layer, body computed once", quick),
            ("the same, full-history ensemble", measure(ours(ensemble), answers)),
            ("all layers, plain torch loop", plain),
        ):
            ratio = np.median(plain) / np.median(times)
            print(
                f"{name:<14}{way:<36}{times[0]:>9.1f}{np.median(times):>9.2f}"
                f"{np.quantile(times, 0.95):>9.2f}{ratio:>17.1f}x"
            )
    whole = whole_answers()
    print(
        f"{'sample cohort':<14}{'label, version, recommendation, audit':<45}"
        f"{np.median(whole):>9.2f}{np.quantile(whole, 0.95):>9.2f}   (aim: p95 at most 50)"
    )


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.update", description=__doc__).parse_args()
    main()
