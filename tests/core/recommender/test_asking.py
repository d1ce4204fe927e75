import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from core.errors import InputError
from core.recommender.asking import (
    AskingRule,
    ClientConformalRule,
    ConformalRule,
    DirichletRule,
    EmpiricalRule,
    asked_rate,
    entropy,
    least_confidence,
    margin,
    observed_rates,
)
from core.recommender.margin import MarginDistribution

margins = st.lists(st.floats(0, 1), min_size=1, max_size=60)
nominal = st.floats(0.001, 0.999)


def model_outputs(rng, size, classes=44):
    """Softmax outputs of a made-up model over 44 exercises: most cases clear, some not."""
    sharpness = rng.gamma(2.0, 1.5, size=(size, 1))
    return special.softmax(sharpness * rng.normal(size=(size, classes)), axis=1)


def test_scores_on_a_worked_example():
    p = np.array([[0.5, 0.3, 0.2], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(margin(p), [0.2, 0.25, 1.0], atol=1e-15)
    np.testing.assert_allclose(least_confidence(p), [0.5, 0.5, 0.0], atol=1e-15)
    np.testing.assert_allclose(entropy(p), [1.0296530140645737, 1.5 * np.log(2), 0.0], atol=1e-12)


def test_scores_keep_leading_shape():
    p = np.full((2, 3, 4), 0.25)
    for score in (margin, entropy, least_confidence):
        assert score(p).shape == (2, 3)
        assert score(p[0, 0]).shape == ()
        assert score(p[:0]).shape == (0, 3)


@pytest.mark.parametrize("score", [margin, entropy, least_confidence])
@pytest.mark.parametrize("bad", [[0.5, 0.4], [0.5, np.nan], [1.2, -0.2], [1.0], 0.5, "p"])
def test_scores_refuse_what_is_no_probability(score, bad):
    with pytest.raises(InputError, match="probabilities"):
        score(bad)


def test_conformal_p_value_by_hand():
    rule = ConformalRule([0.1, 0.2, 0.2, 0.9], alpha=0.4)
    np.testing.assert_allclose(rule.p_value([0.0, 0.1, 0.2, 0.5, 1.0]), [0.2, 0.4, 0.8, 0.8, 1.0])
    assert rule.threshold == 0.2
    assert rule.asks([0.0, 0.1, 0.15, 0.2, 0.5]).tolist() == [True, True, True, False, False]


def test_p_value_over_clients_by_hand():
    rule = ClientConformalRule([0.1, 0.3, 0.2, 0.2, 0.9, 0.5], [7, 7, 3, 3, 3, 5], alpha=0.5)
    # Shares at most 0.2: a half of client 7's margins, two thirds of client 3's, none of client 5's.
    np.testing.assert_allclose(rule.p_value([0.05, 0.2, 1.0]), [1 / 4, (1 + 1 / 2 + 2 / 3) / 4, 1])
    # p at 0.15 is (1 + 1/2)/4, at 0.2 above a half.
    assert rule.threshold == 0.2
    assert rule.asks([0.0, 0.19, 0.2, 0.4]).tolist() == [True, True, False, False]
    assert ClientConformalRule([0.1, 0.3, 0.5], [0, 1, 2], alpha=0.24).threshold == 0, (
        "four times 0.24 is below 1"
    )
    assert ClientConformalRule([0.1, 0.3, 0.5], [0, 1, 2], alpha=0.25).threshold == 0.1
    with pytest.raises(InputError, match="one for each of 3"):
        ClientConformalRule([0.1, 0.3, 0.5], [0, 1], alpha=0.25)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), min_size=1, max_size=40),
    st.integers(0, 40).map(lambda n: n / 40),
    nominal,
)
def test_asking_over_clients_is_the_same_as_a_small_p_value(margins, new, alpha):
    owners, values = np.array(margins).T
    rule = ClientConformalRule(values / 20, owners, alpha=alpha)
    p = float(rule.p_value(new))
    assert bool(rule.asks(new)) == (p <= alpha) or abs(p - alpha) < 1e-11


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=9), min_size=2, max_size=9),
    st.integers(1, 99).map(lambda n: n / 100),
)
def test_clients_asked_by_the_rule_of_all_others_are_never_asked_too_often(cohort, alpha):
    """However alike a client's margins are, where the rule over single margins goes beyond its rate."""
    shares = []
    for out, own in enumerate(cohort):
        others = [(client, m / 12) for client, of in enumerate(cohort) if client != out for m in of]
        owners, values = zip(*others, strict=True)
        shares.append(ClientConformalRule(values, owners, alpha=alpha).asks(np.array(own) / 12).mean())
    assert np.mean(shares) <= alpha + 1e-9


def test_the_rule_over_single_margins_can_go_beyond_its_rate():
    cohort = [np.full(10, 0.01 * client) for client in range(20)]
    shares = {ConformalRule: [], ClientConformalRule: []}
    for out, own in enumerate(cohort):
        rest = np.delete(np.arange(20), out)
        values, owners = np.concatenate([cohort[i] for i in rest]), np.repeat(rest, 10)
        shares[ConformalRule].append(ConformalRule(values, alpha=0.04).asks(own).mean())
        shares[ClientConformalRule].append(ClientConformalRule(values, owners, alpha=0.04).asks(own).mean())
    assert np.mean(shares[ConformalRule]) == 0.05
    assert np.mean(shares[ClientConformalRule]) == 0


def test_empirical_p_value_by_hand():
    rule = EmpiricalRule([0.1, 0.2, 0.2, 0.9], alpha=0.25)
    np.testing.assert_allclose(rule.p_value([0.0, 0.1, 0.2, 0.9]), [0.0, 0.25, 0.75, 1.0])
    assert rule.asks([0.0, 0.1, 0.2]).tolist() == [True, True, False]


def test_dirichlet_rule_is_the_papers_test():
    rule = DirichletRule(MarginDistribution(1.59, 0.42, 0.31), alpha=0.01)
    assert rule.threshold == pytest.approx(0.0240, abs=1e-4)
    assert rule.p_value(rule.threshold) == pytest.approx(0.01, abs=1e-9)
    assert rule.asks([0.01, 0.18]).tolist() == [True, False]


@given(margins, margins, nominal)
def test_asking_is_the_same_as_a_small_p_value(calibration, new, alpha):
    for rule in (ConformalRule(calibration, alpha=alpha), EmpiricalRule(calibration, alpha=alpha)):
        points = [*new, *calibration]
        np.testing.assert_array_equal(rule.asks(points), rule.p_value(points) <= alpha)
        assert (np.diff(rule.p_value(np.sort(points))) >= 0).all()


@pytest.mark.parametrize("alpha", [0.07, 0.1, 0.29, 0.3, 0.57, 0.58])
def test_rounding_of_alpha_times_n_moves_no_case(alpha):
    calibration = np.arange(1, 100) / 100
    rule = ConformalRule(calibration, alpha=alpha)
    np.testing.assert_array_equal(rule.asks(calibration), rule.p_value(calibration) <= alpha)
    assert rule.asks(0.0)


def test_conformal_never_asks_with_too_few_calibration_cases():
    rule = ConformalRule([0.5, 0.6, 0.7], alpha=0.2)
    assert rule.threshold == 0
    assert not rule.asks([0.0, 0.1]).any()


def test_conformal_bound_holds_in_simulation():
    # 4,000 draws of 60 calibration margins and one new margin, from a law no rule knows.
    rng = np.random.default_rng(41)
    repeats = 4000
    for alpha in (0.01, 0.05, 0.1, 0.3):
        draws = rng.beta(0.4, 0.7, size=(repeats, 61)).round(2)  # rounded: ties too
        asked = sum(bool(ConformalRule(row[:-1], alpha=alpha).asks(row[-1])) for row in draws)
        # One-sided normal bound at five standard errors above the promise.
        assert asked / repeats <= alpha + 5 * np.sqrt(alpha * (1 - alpha) / repeats)


def test_conformal_is_not_needlessly_shy():
    rng = np.random.default_rng(42)
    calibration, new = rng.beta(0.4, 0.7, size=5000), rng.beta(0.4, 0.7, size=50_000)
    for alpha in (0.01, 0.05, 0.1):
        # The rate given a calibration set is Beta distributed with variance alpha (1 - alpha) / (n + 2).
        spread = 5 * np.sqrt(alpha * (1 - alpha) * (1 / 5000 + 1 / 50_000))
        assert asked_rate(ConformalRule(calibration, alpha=alpha), new).observed == pytest.approx(
            alpha, abs=spread
        )


def test_empirical_rule_exceeds_its_rate_where_conformal_does_not():
    rng = np.random.default_rng(43)
    repeats, n, alpha = 6000, 20, 0.05
    draws = rng.random((repeats, n + 1))
    conformal, empirical = (
        np.mean([bool(kind(row[:-1], alpha=alpha).asks(row[-1])) for row in draws])
        for kind in (ConformalRule, EmpiricalRule)
    )
    # Below the smallest of 20 with probability 1/21, below the second smallest with 2/21.
    error = 5 * np.sqrt(0.1 * 0.9 / repeats)
    assert conformal == pytest.approx(1 / 21, abs=error)
    assert empirical == pytest.approx(2 / 21, abs=error)


def test_dirichlet_misses_its_nominal_rate_on_softmax_outputs():
    rng = np.random.default_rng(44)
    calibration, new = model_outputs(rng, 8000), margin(model_outputs(rng, 40_000))
    for alpha in (0.01, 0.05, 0.1):
        dirichlet = asked_rate(DirichletRule.from_probabilities(calibration, alpha=alpha), new)
        conformal = asked_rate(ConformalRule.from_probabilities(calibration, alpha=alpha), new)
        assert dirichlet.nominal == conformal.nominal == alpha
        assert abs(conformal.observed / alpha - 1) < 0.2
        assert dirichlet.observed > 1.5 * alpha


def test_dirichlet_holds_its_rate_on_its_own_distribution():
    rng = np.random.default_rng(45)
    shares = rng.dirichlet([1.59, 0.42, 0.31], size=60_000)
    z = shares[:, 0] - shares[:, 1]
    for alpha in (0.01, 0.05, 0.1):
        rate = asked_rate(DirichletRule(MarginDistribution(1.59, 0.42, 0.31), alpha=alpha), z[z >= 0])
        assert rate.observed == pytest.approx(alpha, abs=5 * np.sqrt(alpha / 50_000))


def test_rules_from_probabilities_and_from_margins_agree():
    p = model_outputs(np.random.default_rng(46), 300)
    for kind in (ConformalRule, EmpiricalRule):
        assert kind.from_probabilities(p, alpha=0.1).threshold == kind(margin(p), alpha=0.1).threshold


def test_rules_share_one_interface():
    p = model_outputs(np.random.default_rng(47), 300)
    rules: list[AskingRule] = [
        kind.from_probabilities(p, alpha=0.1) for kind in (ConformalRule, EmpiricalRule, DirichletRule)
    ]
    for rule in rules:
        assert rule.alpha == 0.1
        assert rule.asks(np.zeros((2, 3))).shape == rule.p_value(np.zeros((2, 3))).shape == (2, 3)
        assert rule.asks(rule.threshold / 2)
        assert not rule.asks(1.0)


def test_asked_rate_counts():
    rate = asked_rate(ConformalRule(np.arange(1, 10) / 10, alpha=0.2), [0.05, 0.15, 0.25, 0.95])
    assert (rate.nominal, rate.observed, rate.asked, rate.steps) == (0.2, 0.5, 2, 4)


def test_calibration_is_copied():
    calibration = np.array([0.1, 0.2, 0.3])
    rule = ConformalRule(calibration, alpha=0.5)
    calibration[:] = 0.9
    assert rule.threshold == 0.2


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 1.5, float("nan")])
def test_alpha_must_be_a_rate(alpha):
    for build in (ConformalRule, EmpiricalRule):
        with pytest.raises(InputError, match="alpha"):
            build([0.1, 0.2], alpha=alpha)
    with pytest.raises(InputError, match="alpha"):
        DirichletRule(MarginDistribution(1, 1, 1), alpha=alpha)


@pytest.mark.parametrize("bad", [[], [[0.1, 0.2]], [0.1, 1.2], [0.1, np.nan], 0.3])
def test_bad_calibration_margins(bad):
    for build in (ConformalRule, EmpiricalRule):
        with pytest.raises(InputError, match="calibration_margins"):
            build(bad, alpha=0.1)


def test_bad_margins_and_empty_rate():
    for rule in (
        ConformalRule([0.1, 0.2], alpha=0.5),
        EmpiricalRule([0.1, 0.2], alpha=0.5),
        DirichletRule(MarginDistribution(1, 1, 1), alpha=0.5),
    ):
        for method in (rule.p_value, rule.asks):
            with pytest.raises(InputError, match="margins"):
                method([0.5, -0.1])
        with pytest.raises(InputError, match="empty"):
            asked_rate(rule, [])


def test_raw_distribution_without_such_a_quantile():
    with pytest.raises(InputError, match="mass"):
        DirichletRule(MarginDistribution(1.59, 0.42, 0.31, renormalise=False), alpha=0.9)


def top_of(rng, clients, steps):
    p = np.sort(model_outputs(rng, clients * steps), axis=1)
    return np.column_stack([p[:, -1], p[:, -2], p[:, :-2].sum(axis=1)]), np.repeat(np.arange(clients), steps)


def test_observed_rates_hold_for_conformal_and_count_every_step_once():
    top, clients = top_of(np.random.default_rng(8), 40, 30)
    rates = observed_rates(top, clients, [0.05, 0.2])
    assert list(rates) == ["conformal", "empirical", "Dirichlet"]
    for found in rates.values():
        assert [rate.nominal for rate in found] == [0.05, 0.2]
        assert all(rate.steps == 1200 and rate.observed == rate.asked / 1200 for rate in found)
    # Twice 600 margins: three standard errors above the nominal rate.
    for rate in rates["conformal"]:
        assert rate.observed <= rate.nominal + 3 * np.sqrt(2 * rate.nominal * (1 - rate.nominal) / 600)


def test_observed_rates_never_calibrate_on_the_client_that_is_asked_about():
    # Two clients: one always sure, one never. Calibrated on the other, one is always asked about, one never.
    top = np.array([[0.9, 0.05, 0.05]] * 20 + [[0.4, 0.35, 0.25]] * 20) + np.linspace(0, 1e-3, 40)[
        :, None
    ] * [1, -1, 0]
    rate = observed_rates(top, [7] * 20 + [9] * 20, [0.1])["conformal"][0]
    assert rate.asked == 20


@pytest.mark.parametrize("alike", [0, 1])
def test_observed_rates_leave_the_dirichlet_rule_out_where_half_of_the_clients_are_all_alike(alike):
    top, clients = top_of(np.random.default_rng(9), 4, 10)
    top[clients % 2 == alike] = [0.5, 0.3, 0.2]
    rates = observed_rates(top, clients, [0.1, 0.2])
    assert list(rates) == ["conformal", "empirical"]
    assert all(rate.steps == 40 for found in rates.values() for rate in found)


def test_observed_rates_of_an_untrained_model_and_of_one_step_a_half():
    same = observed_rates(np.full((6, 3), 1 / 3), [1, 2, 3, 1, 2, 3], [0.2])
    assert {rule: found[0].asked for rule, found in same.items()} == {"conformal": 0, "empirical": 0}
    single = observed_rates([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]], [1, 2], [0.2])
    assert list(single) == ["conformal", "empirical"]


@pytest.mark.parametrize(
    ("top", "clients"),
    [
        (np.full((4, 3), 1 / 3), [1] * 4),
        (np.ones((4, 2)), [1, 2, 1, 2]),
        (np.full((4, 3), 0.5), [1, 2, 1, 2]),
    ],
)
def test_observed_rates_need_two_clients_and_three_shares(top, clients):
    with pytest.raises(InputError):
        observed_rates(top, clients, [0.1])
