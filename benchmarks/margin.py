"""Accuracy and speed of the margin's distribution; run ``python -m benchmarks.margin``.

Prints the reference quantiles, the distribution function against simulation for alphas down to 0.02, and the time for
1,000 quantiles beside two peers measured in the same run. Everything is seeded; only the times vary.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, special

from core.recommender.margin import MarginDistribution

FloatArray = NDArray[np.float64]

PAPER = (1.59, 0.42, 0.31)
REFERENCE = {
    "raw": (0.0278, 0.1250, 0.2282),
    "renormalised": (0.0240, 0.1092, 0.2009),
}
SIMULATED = [PAPER, (5.0, 3.0, 2.0), (0.5, 0.5, 0.5), (0.1, 0.1, 0.1), (0.05, 0.05, 0.05), (0.02, 0.02, 0.02)]
TIMED = [PAPER, (0.02, 0.02, 0.02), (5.0, 3.0, 2.0), (50.0, 30.0, 20.0)]
DRAWS = 1_000_000
REPEATS = 15


def reference_table() -> None:
    print(f"Quantiles of D{PAPER}")
    print(f"{'form':<14}{'q':>6}{'quantile':>12}{'reference':>12}{'difference':>12}")
    for form, references in REFERENCE.items():
        quantiles = MarginDistribution(*PAPER, renormalise=form == "renormalised").quantile(
            [0.01, 0.05, 0.10]
        )
        for q, value, reference in zip((0.01, 0.05, 0.10), quantiles, references, strict=True):
            print(f"{form:<14}{q:>6.2f}{value:>12.6f}{reference:>12.4f}{abs(value - reference):>12.1e}")
    level = float(MarginDistribution(*PAPER).cdf(0.18))
    print(
        f"The paper's threshold 0.18 for alpha = 0.01 is the quantile at {level:.4f} of its own parameters."
    )


def simulate(rng: np.random.Generator, alphas: tuple[float, float, float], size: int) -> FloatArray:
    """Margins given Z ≥ 0, drawn through logarithms because shares underflow when the alphas are tiny."""
    logs = np.column_stack(
        [np.log(rng.gamma(a + 1, size=size)) + np.log(rng.random(size)) / a for a in alphas]
    )
    logs -= special.logsumexp(logs, axis=1, keepdims=True)
    z = np.exp(logs[:, 0]) - np.exp(logs[:, 1])
    return np.sort(z[logs[:, 0] >= logs[:, 1]])


def simulation_table() -> None:
    print(f"\nDistribution function against {DRAWS:,} simulated Dirichlet draws (those with Z >= 0)")
    print(f"{'alphas':<22}{'draws':>10}{'largest error':>16}{'99% band':>12}{'cdf(quantile) - q':>20}")
    rng = np.random.default_rng(2022)
    levels = np.arange(1, 1000) / 1000
    for alphas in SIMULATED:
        distribution = MarginDistribution(*alphas)
        sample = simulate(rng, alphas, DRAWS)
        quantiles = distribution.quantile(levels)
        points = np.unique(quantiles[quantiles < 1 - 1e-12])
        error = np.abs(
            np.searchsorted(sample, points, side="right") / sample.size - distribution.cdf(points)
        ).max()
        # Dvoretzky, Kiefer and Wolfowitz: the largest error stays below this with probability 0.99.
        band = np.sqrt(np.log(2 / 0.01) / (2 * sample.size))
        # Closer to 1 than this, one step of a float is a visible step in probability.
        inner = quantiles < 1 - 1e-6
        trip = np.abs(distribution.cdf(quantiles[inner]) - levels[inner]).max()
        print(f"{alphas!s:<22}{sample.size:>10,}{error:>16.1e}{band:>12.1e}{trip:>20.1e}")


def timed(function: Callable[[], object], repeats: int) -> FloatArray:
    """Seconds of each of ``repeats`` calls."""
    seconds = np.empty(repeats)
    for i in range(repeats):
        start = time.perf_counter()
        function()
        seconds[i] = time.perf_counter() - start
    return seconds


def by_brentq(alphas: tuple[float, float, float], levels: FloatArray) -> FloatArray:
    """The obvious way: Brent's root of the density integrated by QUADPACK, one quantile after another."""
    distribution = MarginDistribution(*alphas)

    def cumulative(z: float) -> float:
        return float(integrate.quad(lambda x: float(distribution.pdf(x)), 0.0, z)[0])

    return np.array([optimize.brentq(lambda z, q=q: cumulative(z) - q, 1e-12, 1 - 1e-12) for q in levels])


def by_simulation(alphas: tuple[float, float, float], levels: FloatArray) -> FloatArray:
    """What the paper proposes: a Monte Carlo sample, here of 10^6 draws, and its quantiles."""
    shares = np.random.default_rng(1).dirichlet(alphas, size=DRAWS)
    z = shares[:, 0] - shares[:, 1]
    return np.quantile(z[z >= 0], levels)


def report(name: str, seconds: FloatArray, base: float, error: float, scale: float = 1.0) -> None:
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75]) * 1e3 * scale
    print(f"  {name:<44}{middle:>11.1f}{f'{low:.1f}-{high:.1f}':>18}{middle / base:>9.1f}x{error:>12.1e}")


def speed_table() -> None:
    levels = np.linspace(0, 1, 1002)[1:-1]
    print("\n1,000 quantiles, milliseconds (a fresh distribution each time)")
    print(f"  {'':<44}{'median':>11}{'quartiles':>18}{'ratio':>10}{'error in z':>12}")
    for alphas in TIMED:
        print(f"D{alphas}")
        ours = MarginDistribution(*alphas).quantile(levels)
        seconds = timed(lambda alphas=alphas: MarginDistribution(*alphas).quantile(levels), REPEATS)
        base = float(np.median(seconds)) * 1e3
        report("this module", seconds, base, 0.0)
        sampled = by_simulation(alphas, levels)
        report(
            "10^6 simulated draws",
            timed(lambda alphas=alphas: by_simulation(alphas, levels), 5),
            base,
            float(np.abs(sampled - ours).max()),
        )
        if alphas == PAPER:
            # One in fifty quantiles, scaled up: the whole set would take minutes.
            few = levels[::50]
            found = by_brentq(alphas, few)
            report(
                "brentq on quad (20 quantiles, times 50)",
                timed(lambda alphas=alphas, few=few: by_brentq(alphas, few), 3),
                base,
                float(np.abs(found - ours[::50]).max()),
                scale=levels.size / few.size,
            )


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.margin", description=__doc__).parse_args()
    reference_table()
    simulation_table()
    speed_table()
