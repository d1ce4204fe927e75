import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special

from core.errors import InputError
from core.recommender.margin import MarginDistribution, check_probabilities, fit_margin

PAPER = (1.59, 0.42, 0.31)
PARAMETERS = [
    PAPER,
    (0.02, 0.02, 0.02),
    (0.02, 0.5, 0.3),
    (5.0, 0.02, 0.02),
    (0.5, 0.5, 1.0),
    (0.3, 0.695, 0.2),
    (5.0, 3.0, 2.0),
    (50.0, 30.0, 20.0),
]

alphas = st.floats(0.05, 40).map(lambda x: round(x, 4))


def log_shares(rng, alphas, size):
    """Logarithms of Dirichlet shares; Γ(a) = Γ(a+1)·U^(1/a) keeps shares that underflow for tiny alphas."""
    logs = np.column_stack(
        [np.log(rng.gamma(a + 1, size=size)) + np.log(rng.random(size)) / a for a in alphas]
    )
    return logs - special.logsumexp(logs, axis=1, keepdims=True)


def simulate(rng, alphas, size):
    logs = log_shares(rng, alphas, size)
    z = np.exp(logs[:, 0]) - np.exp(logs[:, 1])
    return z[logs[:, 0] >= logs[:, 1]]


def test_reference_quantiles_renormalised():
    quantiles = MarginDistribution(*PAPER).quantile([0.01, 0.05, 0.10])
    np.testing.assert_allclose(quantiles, [0.0240, 0.1092, 0.2009], atol=1e-4)


def test_reference_quantiles_raw():
    raw = MarginDistribution(*PAPER, renormalise=False)
    np.testing.assert_allclose(raw.quantile([0.01, 0.05, 0.10]), [0.0278, 0.1250, 0.2282], atol=1e-4)
    assert raw.mass == pytest.approx(0.860056, abs=1e-6)


def test_paper_threshold_belongs_to_another_rate():
    assert MarginDistribution(*PAPER).cdf(0.18) == pytest.approx(0.088, abs=5e-4)


def test_raw_form_runs_from_zero_to_its_mass():
    raw, proper = MarginDistribution(*PAPER, renormalise=False), MarginDistribution(*PAPER)
    z = np.linspace(0, 1, 11)
    np.testing.assert_allclose(raw.cdf(z), raw.mass * proper.cdf(z), rtol=1e-12)
    np.testing.assert_allclose(raw.pdf(z[1:-1]), raw.mass * proper.pdf(z[1:-1]), rtol=1e-12)
    assert raw.cdf(0.0) == 0
    assert raw.cdf(1.0) == pytest.approx(raw.mass, rel=1e-12)
    assert raw.quantile(raw.mass) == 1
    assert np.isnan(raw.quantile([0.87, 1.0])).all()


def test_uniform_simplex_has_a_known_form():
    # D(1, 1, 1): given y1 >= y2, the density of y1 - y2 is 2(1 - z), by elementary geometry.
    uniform = MarginDistribution(1, 1, 1)
    z = np.linspace(0, 1, 101)
    np.testing.assert_allclose(uniform.pdf(z), 2 * (1 - z), atol=1e-12)
    np.testing.assert_allclose(uniform.cdf(z), 1 - (1 - z) ** 2, atol=1e-12)
    np.testing.assert_allclose(uniform.quantile(z), 1 - np.sqrt(1 - z), atol=1e-9)


@pytest.mark.parametrize("alphas", [*PARAMETERS, (0.02, 0.02, 100.0), (2300.0, 2250.0, 95000.0)])
def test_cdf_agrees_with_simulation(alphas):
    rng = np.random.default_rng(20220)
    sample = np.sort(simulate(rng, alphas, 200_000))
    levels = np.arange(1, 100) / 100
    points = np.unique(np.clip(MarginDistribution(*alphas).quantile(levels), 1e-280, 1 - 1e-12))
    empirical = np.searchsorted(sample, points, side="right") / sample.size
    # Dvoretzky-Kiefer-Wolfowitz: P(sup |F_n - F| > e) <= 2 exp(-2 n e^2), here 1e-6.
    bound = np.sqrt(np.log(2e6) / (2 * sample.size))
    assert np.abs(empirical - MarginDistribution(*alphas).cdf(points)).max() < bound


def test_simulation_bound_would_notice_wrong_parameters():
    sample = np.sort(simulate(np.random.default_rng(20221), (0.02, 0.02, 0.02), 200_000))
    points = np.linspace(0.01, 0.99, 99)
    empirical = np.searchsorted(sample, points, side="right") / sample.size
    bound = np.sqrt(np.log(2e6) / (2 * sample.size))
    assert np.abs(empirical - MarginDistribution(0.02, 0.02, 0.03).cdf(points)).max() > bound


@pytest.mark.parametrize("alphas", PARAMETERS)
def test_density_integrates_to_the_distribution_function(alphas):
    d = MarginDistribution(*alphas)
    for low, high in [(1e-6, 1e-3), (1e-3, 0.05), (0.05, 0.4), (0.4, 0.9), (0.9, 0.9999)]:
        mass, _ = integrate.quad(
            lambda t: float(d.pdf(np.exp(t))) * np.exp(t), np.log(low), np.log(high), epsabs=1e-11
        )
        assert mass == pytest.approx(float(d.cdf(high) - d.cdf(low)), abs=1e-8)


@pytest.mark.parametrize("alphas", PARAMETERS)
def test_density_is_equation_13(alphas):
    a1, a2, a3 = alphas
    constant = np.exp(special.gammaln(sum(alphas)) - special.gammaln(alphas).sum())
    raw = MarginDistribution(*alphas, renormalise=False)
    for z in (0.1, 0.35, 0.8):
        half = (1 - z) / 2
        if min(alphas) < 1:
            # The ends y = 0 and y = (1-z)/2 are singular: QUADPACK's algebraic weight takes both up.
            value, _ = integrate.quad(
                lambda y, z=z: (y + z) ** (a1 - 1) * 2 ** (a3 - 1),
                0,
                half,
                weight="alg",
                wvar=(a2 - 1, a3 - 1),
                epsrel=1e-10,
            )
        else:
            value, _ = integrate.quad(
                lambda y, z=z: (y + z) ** (a1 - 1) * y ** (a2 - 1) * (1 - 2 * y - z) ** (a3 - 1),
                0,
                half,
                epsabs=0,
                epsrel=1e-10,
            )
        assert float(raw.pdf(z)) == pytest.approx(constant * value, rel=1e-7)


@given(alphas, alphas, alphas, st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=20))
def test_quantile_inverts_cdf(a1, a2, a3, levels):
    d = MarginDistribution(a1, a2, a3)
    z = d.quantile(levels)
    # Next to 1 a step of one float is a visible step in probability, so the level must lie between the neighbours.
    below, above = d.cdf(np.maximum(z * (1 - 1e-15), 0)), d.cdf(np.minimum(z * (1 + 1e-15), 1))
    assert (below - 1e-8 <= levels).all()
    assert (np.asarray(levels) <= above + 1e-8).all()


@given(alphas, alphas, alphas)
def test_cdf_and_quantile_rise(a1, a2, a3):
    d = MarginDistribution(a1, a2, a3)
    assert (np.diff(d.cdf(np.linspace(0, 1, 60))) >= -1e-10).all()
    assert (np.diff(d.quantile(np.linspace(0, 1, 60))) >= 0).all()
    assert (d.pdf(np.linspace(0, 1, 60)) >= 0).all()


@pytest.mark.parametrize("alphas", [*PARAMETERS, (1e-3, 1e-3, 1e-3), (1e-3, 5.0, 1e-3), (300.0, 1e-2, 1e-2)])
def test_extreme_points_give_numbers(alphas):
    d = MarginDistribution(*alphas)
    z = np.array([0, 5e-324, 1e-300, 1e-100, 1e-30, 0.5, 1 - 1e-16, 1])
    assert not np.isnan(d.pdf(z)).any()
    assert d.cdf(0.0) == 0
    assert d.cdf(1.0) == 1
    q = d.quantile([0, 1e-300, 1e-9, 0.5, 1 - 1e-9, 1])
    assert q[0] == 0
    assert q[-1] == 1
    assert (np.diff(q) >= 0).all()


def test_tiny_alphas_keep_their_lower_tail():
    # Near 0 the distribution function is a power of z with exponent a1 + a2.
    d = MarginDistribution(0.02, 0.02, 0.02)
    z = d.quantile([0.001, 0.002, 0.004])
    assert z[0] > 0
    slopes = np.diff(np.log([0.001, 0.002, 0.004])) / np.diff(np.log(z))
    np.testing.assert_allclose(slopes, 0.04, rtol=1e-3)


def test_density_at_the_ends():
    assert MarginDistribution(0.3, 0.3, 0.3).pdf(0.0) == np.inf
    assert MarginDistribution(0.3, 0.3, 0.3).pdf(1.0) == np.inf
    assert MarginDistribution(3, 2, 2).pdf(1.0) == 0
    d = MarginDistribution(3, 2, 2)
    assert float(d.pdf(0.0)) == pytest.approx(float(d.pdf(1e-12)), rel=1e-9)


def test_shapes_are_kept():
    d = MarginDistribution(*PAPER)
    for method in (d.pdf, d.cdf, d.quantile):
        assert method(0.3).shape == ()
        assert method([]).shape == (0,)
        assert method(np.full((2, 3), 0.3)).shape == (2, 3)


@pytest.mark.parametrize("bad", [0, -1.0, np.nan, np.inf, "1", None, True])
def test_bad_parameters(bad):
    for position, name in enumerate(("a1", "a2", "a3")):
        arguments = [1.0, 1.0, 1.0]
        arguments[position] = bad
        with pytest.raises(InputError, match=name):
            MarginDistribution(*arguments)


def test_parameters_in_the_wrong_order():
    with pytest.raises(InputError, match="largest probability first"):
        MarginDistribution(0.5, 5000, 1)


@pytest.mark.parametrize("bad", [-1e-9, 1.1, np.nan, [0.2, np.nan], "half"])
def test_points_out_of_range(bad):
    d = MarginDistribution(*PAPER)
    for method, name in ((d.pdf, "z"), (d.cdf, "z"), (d.quantile, "q")):
        with pytest.raises(InputError, match=f"^{name} "):
            method(bad)


def probabilities(rng, alphas, size, classes=8):
    """Rows whose sorted shares are Dirichlet draws with y1 >= y2, the rest spread evenly over small classes."""
    draws = rng.dirichlet(alphas, size=4 * size)
    draws = draws[(draws[:, 0] > draws[:, 1]) & (draws[:, 1] > draws[:, 2] / (classes - 2))][:size]
    rest = np.repeat(draws[:, 2:] / (classes - 2), classes - 2, axis=1)
    return rng.permuted(np.column_stack([draws[:, :2], rest]), axis=1)


@pytest.mark.parametrize("alphas", [PAPER, (6.0, 3.0, 2.0), (40.0, 4.0, 9.0), (0.3, 0.05, 0.05)])
def test_fit_agrees_with_a_general_optimiser(alphas):
    p = probabilities(np.random.default_rng(5), alphas, 1500)
    fitted = fit_margin(p)
    ordered = np.sort(p, axis=1)
    shares = np.column_stack([ordered[:, -1], ordered[:, -2], ordered[:, :-2].sum(axis=1)])
    mean_log = np.log(np.maximum(shares, 1e-30)).mean(axis=0)

    def loss(log_alpha):
        alpha = np.exp(log_alpha)
        return special.gammaln(alpha).sum() - special.gammaln(alpha.sum()) - (alpha - 1) @ mean_log

    peer = optimize.minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-13, "maxiter": 4000}
    )
    np.testing.assert_allclose([fitted.a1, fitted.a2, fitted.a3], np.exp(peer.x), rtol=1e-4)


def test_fit_recovers_the_parameters():
    # A Dirichlet with a1 far above a2, and the rest over many classes, is hardly ever disturbed by sorting.
    p = probabilities(np.random.default_rng(6), (30.0, 5.0, 8.0), 10_000, classes=80)
    fitted = fit_margin(p)
    np.testing.assert_allclose([fitted.a1, fitted.a2, fitted.a3], [30, 5, 8], rtol=0.03)


def test_fit_is_at_the_maximum_for_very_even_and_very_sharp_outputs():
    rng = np.random.default_rng(7)
    for logits in (rng.normal(0, 1e-3, (400, 44)), rng.normal(0, 40, (400, 44))):
        p = special.softmax(logits, axis=1)
        d = fit_margin(p)
        ordered = np.sort(p, axis=1)
        shares = np.column_stack([ordered[:, -1], ordered[:, -2], ordered[:, :-2].sum(axis=1)])
        mean_log = np.log(np.maximum(shares, 1e-30)).mean(axis=0)
        fitted = np.array([d.a1, d.a2, d.a3])
        np.testing.assert_allclose(
            special.psi(fitted) - special.psi(fitted.sum()), mean_log, rtol=1e-6, atol=1e-9
        )


def test_fit_takes_zeros_single_precision_and_two_classes():
    certain = np.array([[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0.7, 0.2, 0.1]], dtype=np.float32)
    assert fit_margin(certain).a1 > 0
    two = np.random.default_rng(8).dirichlet([30, 5], 500)
    fitted = fit_margin(two)
    assert fitted.a3 < 0.05
    observed = np.abs(two[:, 0] - two[:, 1])
    assert float(fitted.cdf(np.median(observed))) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((5, 1), 1.0), "N >= 2"),
        (np.array([0.5, 0.5]), "at least 2 rows"),
        (np.array([[0.5, 0.5]]), "at least 2 rows"),
        (np.array([[0.5, np.nan], [0.5, 0.5]]), "nan"),
        (np.array([[0.5, 0.6], [0.5, 0.5]]), "sums to 1.1"),
        (np.array([[-0.1, 1.1], [0.5, 0.5]]), "between 0 and 1"),
        (np.full((5, 4), 0.25), "spread"),
        (np.eye(4), "spread"),
        ("model", "array of numbers"),
    ],
)
def test_fit_refuses_what_it_cannot_use(bad, message):
    with pytest.raises(InputError, match=message):
        fit_margin(bad)


def test_fit_refuses_a_useless_floor():
    with pytest.raises(InputError, match="floor"):
        fit_margin(np.array([[0.7, 0.3], [0.6, 0.4]]), floor=0.0)


def test_check_probabilities_names_its_argument():
    with pytest.raises(InputError, match=r"^p has shape"):
        check_probabilities(0.5, name="p")
