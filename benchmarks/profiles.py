"""Synthetic profiles beside Stable-Baselines3's DQN; run ``python -m benchmarks.profiles``.

The time for 2,000 profiles, training included, and what they earn; then the same environment, episodes, seeds and
hyper-parameters for Stable-Baselines3's DQN, in turns, seed by seed. That one knows no mask: it has an environment that
reads a masked action as the open one that follows it, so that each episode takes as many steps as Spotter's. Its ε
falls by the step: it is set before each episode to what Spotter's is. It still has to learn each open action under
several names, so Spotter's agent is trained without its mask, too: that is the like-for-like check of the two
implementations, and what lies between Spotter's two rewards is what the mask is worth. With ``--as-it-is`` the peer
also has the environment as it is, where setting what is set already wastes a step and a profile may be truncated,
which takes several times as long.

Stable-Baselines3 is installed for the run into a folder that is removed again, unless ``--peers`` names one to keep;
Spotter does not need it. Profiles are seeded: only the times vary.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gymnasium
import numpy as np

from core.bandit.people import uniform_profiles
from core.bandit.profiles import PERSON, dqn_profiles, enumerated_profiles, wanted_rewards
from core.bandit.profiles.environment import ProfileEnv
from core.bandit.profiles.quality import guideline_figures, variety
from core.bandit.profiles.training import Training

PEERS = ("stable-baselines3==2.9.2", "cloudpickle")
LATE = 200  # episodes at the end of training


def install(folder: Path) -> None:
    """The peer, and of what it needs whatever Spotter has not got."""
    if not (folder / "stable_baselines3").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*command, *PEERS], check=True)
    sys.path.append(str(folder))


class Following(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Reads an action that is not open as the next open one, so that no step is wasted."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """A new profile."""
        row, info = self.env.reset(**options)
        self.mask = info["action_mask"]
        return row, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One action, or the next open one."""
        places = np.flatnonzero(self.mask)
        row, reward, terminated, truncated, info = self.env.step(
            places[np.searchsorted(places, action) % len(places)]
        )
        self.mask = info["action_mask"]
        return row, reward, terminated, truncated, info


class Unmasked(Following):
    """The same for Spotter's agent, which is told that every action is open: it learns then as the peer has to."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """A new profile, with every action open."""
        row, info = super().reset(**options)
        return row, info | {"action_mask": np.ones_like(self.mask)}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One action, with every action open after it."""
        row, reward, terminated, truncated, info = super().step(action)
        return row, reward, terminated, truncated, info | {"action_mask": np.ones_like(self.mask)}


def ours_unmasked(seed: int, episodes: int) -> tuple[float, float]:
    """Spotter's agent without its mask: seconds at work, and reward late in training."""
    from core.bandit.profiles.agent import Agent, train

    environment = ProfileEnv()
    agent = Agent(environment.layout.size, len(environment.layout.actions), Training(), seed)
    begun = time.process_time()
    course = train(agent, Unmasked(environment), episodes, seed, np.random.default_rng(seed))
    return time.process_time() - begun, float(course.rewards[-LATE:].mean())


def theirs(
    environment: gymnasium.Env[Any, Any], seed: int, episodes: int, count: int
) -> tuple[float, float, float, float, float]:
    """Stable-Baselines3's DQN: seconds, those at work, reward late in training and of greedy profiles, share cut."""
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback

    training, rewards = Training(), []

    class Episodes(BaseCallback):
        """Counts episodes and sets ε by them."""

        def _on_training_start(self) -> None:
            self._explore()

        def _explore(self) -> None:
            epsilon = training.epsilon(len(rewards))
            self.model.exploration_schedule = lambda _: epsilon
            self.model.exploration_rate = epsilon

        def _on_step(self) -> bool:
            if self.locals["dones"][0]:
                rewards.append(float(self.locals["rewards"][0]))
                self._explore()
            return len(rewards) < episodes

    model = DQN(
        "MlpPolicy",
        environment,
        learning_rate=training.learning_rate,
        gamma=training.discount,
        buffer_size=training.capacity,
        learning_starts=training.warm_up,
        batch_size=training.batch,
        train_freq=1,
        gradient_steps=1,
        target_update_interval=training.follow_every,
        policy_kwargs={"net_arch": [training.hidden, training.hidden]},
        seed=seed,
        device="cpu",
    )
    start, begun = time.perf_counter(), time.process_time()
    model.learn(10**9, callback=Episodes())
    seconds, worked = time.perf_counter() - start, time.process_time() - begun
    earned, cut = np.zeros(count), np.zeros(count)
    for profile in range(count):
        row, _ = environment.reset(seed=seed + 1 if profile == 0 else None)
        over = False
        while not over:
            action, _ = model.predict(row, deterministic=True)
            row, reward, terminated, truncated, _ = environment.step(int(action))
            earned[profile] += float(reward)
            over = terminated or truncated
        cut[profile] = not terminated
    return seconds, worked, float(np.mean(rewards[-LATE:])), float(earned.mean()), float(cut.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, help="folder to install Stable-Baselines3 into, kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=2_000)
    parser.add_argument("--profiles", type=int, default=2_000)
    parser.add_argument(
        "--as-it-is", action="store_true", help="the peer without help for masked actions, too"
    )
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        install(options.peers or Path(temporary))
        print(f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores")
        print(
            f"{options.profiles:,} profiles after {options.episodes:,} episodes; drawn at random: {PERSON}\n"
        )
        rng = np.random.default_rng(2024)
        for name, people in (
            ("uniform", uniform_profiles(options.profiles, rng)),
            ("enumerated", enumerated_profiles(options.profiles, rng)),
        ):
            print(f"{name:<12} reward {wanted_rewards(people).mean():.3f}, {told(people)}")
        peers = {"no wasted step": lambda: Following(ProfileEnv())}
        if options.as_it_is:
            peers["as it is"] = ProfileEnv
        ours: list[float] = []
        plain: list[float] = []
        taken: dict[str, list[float]] = {name: [] for name in peers}
        for seed in range(options.seeds):
            start, begun = time.perf_counter(), time.process_time()
            made = dqn_profiles(options.profiles, seed, episodes=options.episodes)
            took, worked = time.perf_counter() - start, time.process_time() - begun
            ours.append(worked)
            print(
                f"seed {seed}: Spotter's DQN {took:.1f} s, {worked:.1f} s of them at work; reward in the "
                f"last {LATE} episodes {made.trained.rewards[-LATE:].mean():.3f}, greedy "
                f"{made.greedy.rewards.mean():.3f}, "
                f"sampled {made.rewards.mean():.3f}; greedy {told(made.greedy.people)}; sampled {told(made.people)}",
                flush=True,
            )
            worked, late = ours_unmasked(seed, options.episodes)
            plain.append(worked)
            print(
                f"        Spotter's DQN without its mask: {worked:.1f} s at work; last {LATE} episodes {late:.3f}",
                flush=True,
            )
            for name, environment in peers.items():
                took, worked, late, greedy, cut = theirs(
                    environment(), seed, options.episodes, min(500, options.profiles)
                )
                taken[name].append(worked)
                print(
                    f"        Stable-Baselines3, {name}: {took:.1f} s to train, {worked:.1f} s of them at "
                    f"work; last {LATE} episodes {late:.3f}, greedy {greedy:.3f}, {100 * cut:.0f} % truncated",
                    flush=True,
                )
        print(
            f"\nProcessor time of {options.episodes:,} episodes, Spotter's with {2 * options.profiles:,} profiles "
            f"made afterwards: {spread(ours)} s (median, least to most of {options.seeds} seeds)"
        )
        print(f"Spotter's without its mask: {spread(plain)} s")
        for name, theirs_taken in taken.items():
            ratios = [peer / own for peer, own in zip(theirs_taken, ours, strict=True)]
            print(
                f"Stable-Baselines3, {name}: {spread(theirs_taken)} s, which is {spread(ratios, 2)} times Spotter's"
            )


def spread(values: list[float], digits: int = 1) -> str:
    low, middle, high = min(values), float(np.median(values)), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def told(people: Any) -> str:
    figures = guideline_figures(people) | variety(people)
    return f"{100 * figures['broken']:.0f} % break a guideline, {figures['variety']:.0f} weeks in effect"


if __name__ == "__main__":
    main()
