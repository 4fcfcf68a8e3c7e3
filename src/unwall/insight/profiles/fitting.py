"""The parameters of BG/NBD by maximum likelihood, and what takes SciPy: imported by the nightly job alone."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from unwall.insight.profiles.buying import BuyingModel, Customers, Floats

MIN_REPEAT_BUYERS = 50
"""Of a merchant: with fewer the parameters would say little."""
MAX_FITTED = 50_000
"""Customers that the parameters are fitted to: more change them by less than their own error."""
_BOUND = 8.0
"""Of the logarithms of the parameters, where time is measured in the mean age. A fit at a bound is none."""


def expected_purchases(model: BuyingModel, customers: Customers, span: float) -> Floats:
    """How many purchases of the customer are expected in the next `span`: the paper's equation (10)."""
    x, t_x, age = (np.asarray(figure, float) for figure in customers)
    r, alpha, a, b = model
    hyper = hyp2f1(r + x, b + x, a + b + x - 1, span / (alpha + age + span))
    more = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + span)) ** (r + x) * hyper)
    stopped = (x > 0) * a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    return np.asarray(more / (1 + stopped))


def log_likelihood(model: BuyingModel, customers: Customers) -> Floats:
    """Of each customer: the paper's equation (6)."""
    x, t_x, age = customers
    r, alpha, a, b = model
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
    stopped = betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    either = np.where(x > 0, np.logaddexp(alive, stopped), alive)
    return np.asarray(rate + either - betaln(a, b))


def fitted(customers: Customers) -> BuyingModel | None:
    """By maximum likelihood. None where there are too few repeat buyers, or where their purchases do not tell the four
    parameters apart."""
    if np.count_nonzero(customers.x) < MIN_REPEAT_BUYERS:
        return None
    chosen = Customers(*(figure[:: -(-len(customers.x) // MAX_FITTED)] for figure in customers))
    unit = max(float(np.mean(chosen.age)), 1e-9)
    scaled = Customers(chosen.x, chosen.t_x / unit, chosen.age / unit)

    def loss(logarithms: Floats) -> float:
        return -float(np.mean(log_likelihood(BuyingModel(*np.exp(logarithms)), scaled)))

    best = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 4)
    if not np.isfinite(best.fun) or np.any(np.abs(best.x) > _BOUND - 0.01):
        return None
    r, alpha, a, b = np.exp(best.x)
    return BuyingModel(float(r), float(alpha * unit), float(a), float(b))
