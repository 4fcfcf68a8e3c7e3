"""docs/rules/profiles.md, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unwall.insight.profiles import rules
from unwall.insight.profiles.buying import BuyingModel, Customers, alive_probability, purchase_probability
from unwall.insight.profiles.fitting import expected_purchases, fitted, log_likelihood
from unwall.insight.profiles.staging import zone_table
from unwall.insight.profiles.standing import Buyers, standing, usual_rhythm
from unwall.insight.profiles.values import Lifecycle, PriceBand, Profile

CDNOW = BuyingModel(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""As published for the CDNOW sample, in weeks."""
TODAY = 20_000


def customers(*figures: tuple[float, float, float]) -> Customers:
    return Customers(*(np.array(column, float) for column in zip(*figures, strict=True)))


def bought_on(*days: int) -> Buyers:
    """One member; days before today."""
    days = tuple(sorted((TODAY - day for day in days), reverse=True))
    return Buyers(*(np.array([float(one)]) for one in (len(days), days[-1], days[0], days[min(1, len(days) - 1)])))


def lifecycle(*days: int, model: BuyingModel | None = None, usual: float = 60) -> Lifecycle:
    return standing(bought_on(*days), TODAY, model, usual).lifecycle[0]


def test_l1_the_published_figures_of_the_cdnow_sample_come_out():
    one = customers((2, 30.43, 38.86))
    assert expected_purchases(CDNOW, one, 39) == pytest.approx([1.226], abs=5e-4)
    assert alive_probability(CDNOW, one) == pytest.approx([0.7266], abs=5e-5)
    assert expected_purchases(CDNOW, customers((0, 0, 0)), 39) == pytest.approx(
        [
            (0.793 + 2.426 - 1)
            / (0.793 - 1)
            * (1 - (4.414 / 43.414) ** 0.243 * _series(0.243, 2.426, 2.219, 39 / 43.414))
        ]
    )


def _series(a: float, b: float, c: float, z: float) -> float:
    """The Gaussian hypergeometric function, by its definition."""
    term = total = 1.0
    for n in range(2000):
        term *= (a + n) * (b + n) / (c + n) / (n + 1) * z
        total += term
    return total


def test_l1_the_likelihood_is_a_probability():
    """That somebody buys nothing in a week, and that they buy again and are seen to by then, add up over all days."""
    nothing = np.exp(log_likelihood(CDNOW, customers((0, 0, 1))))[0]
    assert nothing == pytest.approx((4.414 / 5.414) ** 0.243)
    times = np.linspace(0, 1, 2001)[1:]
    once = np.exp(log_likelihood(CDNOW, Customers(np.ones(2000), times, np.ones(2000)))).sum() / 2000
    assert 0.95 < nothing + once < 1


figures = st.tuples(st.integers(0, 60), st.floats(0, 300), st.floats(0, 300)).map(
    lambda one: (one[0], one[1] if one[0] else 0.0, (one[1] if one[0] else 0.0) + one[2])
)
models = st.tuples(*(st.floats(0.05, 20) for _ in range(4))).map(lambda four: BuyingModel(*four))


@given(models, figures, st.floats(0.1, 100))
def test_l1_probabilities_are_probabilities_and_move_as_they_should(model, one, span):
    x, t_x, age = one
    alive = alive_probability(model, customers(one, (x, t_x, age + span)))
    soon, later = (purchase_probability(model, customers(one), many)[0] for many in (span, 2 * span))
    assert 0 <= alive[1] <= alive[0] <= 1
    assert 0 <= soon <= later <= alive[0]


def test_l2_the_fit_finds_the_parameters_that_customers_were_drawn_with():
    drawn = np.random.default_rng(5)
    rate, stop, age = drawn.gamma(0.8, 1 / 20, 2000), drawn.beta(0.8, 2.5, 2000), drawn.uniform(100, 400, 2000)
    x, t_x = np.zeros(2000), np.zeros(2000)
    for n in range(2000):
        at = drawn.exponential(1 / rate[n])
        while at <= age[n]:
            x[n], t_x[n] = x[n] + 1, at
            at = np.inf if drawn.random() < stop[n] else at + drawn.exponential(1 / rate[n])
    people = Customers(x, t_x, age)
    model = fitted(people)
    assert model is not None
    true = BuyingModel(0.8, 20, 0.8, 2.5)
    assert log_likelihood(model, people).sum() >= log_likelihood(true, people).sum()
    assert (model.r, model.alpha) == pytest.approx((true.r, true.alpha), rel=0.25)
    assert model.a / (model.a + model.b) == pytest.approx(true.a / (true.a + true.b), rel=0.25)


def test_l2_too_few_repeat_buyers_fit_nothing():
    assert fitted(customers(*[(1, 10, 50)] * 49, *[(0, 0, 50)] * 500)) is None


def test_l3_lifecycle_goes_by_the_members_own_rhythm():
    weekly = [0, 7, 14, 21, 28]
    assert lifecycle(*weekly) == Lifecycle.LOYAL
    assert lifecycle(*(day + 25 for day in weekly)) == Lifecycle.COOLING
    assert lifecycle(*(day + 50 for day in weekly)) == Lifecycle.DORMANT
    quarterly = [50, 140, 230, 320]
    assert lifecycle(*quarterly) == Lifecycle.LOYAL
    assert lifecycle(20, 40) == Lifecycle.ACTIVE
    assert lifecycle(5) == Lifecycle.NEW
    assert [lifecycle(50, usual=usual) for usual in (30, 15, 7)] == [
        Lifecycle.NEW,
        Lifecycle.COOLING,
        Lifecycle.DORMANT,
    ]


def test_l3_with_a_model_its_probability_decides_too():
    weeks = BuyingModel(0.243, 4.414 * 7, 0.793, 2.426)
    assert lifecycle(10, 40, 70, 100, model=weeks) == Lifecycle.LOYAL
    assert lifecycle(60, 160, 260, model=weeks) == Lifecycle.ACTIVE
    assert lifecycle(265, 266, model=BuyingModel(0.243, 4.414, 0.793, 2.426)) == Lifecycle.DORMANT


def test_l4_who_buys_after_a_long_pause_is_won_back_and_then_active_again():
    assert lifecycle(3, 200, 210) == Lifecycle.WON_BACK
    assert lifecycle(1, 3, 200, 210) == Lifecycle.LOYAL
    assert lifecycle(3, 200) == Lifecycle.ACTIVE


def test_l5_the_usual_rhythm_is_the_median_of_those_who_came_back():
    def buyers(*figures: tuple[int, int, int]) -> Buyers:
        many, first, last = (np.array(column, float) for column in zip(*figures, strict=True))
        return Buyers(many, first, last, first)

    assert usual_rhythm(buyers((2, 0, 10), (3, 0, 60), (2, 0, 90), (1, 5, 5))) == 30
    assert usual_rhythm(buyers((1, 5, 5))) == rules.USUAL_RHYTHM_DAYS


def test_l7_a_price_band_compares_with_what_all_pay():
    assert [rules.price_band(ratio) for ratio in (0.79, 0.8, 1.0, 1.25, 1.26)] == [
        PriceBand.LOW,
        *[PriceBand.MIDDLE] * 3,
        PriceBand.HIGH,
    ]


@given(st.dictionaries(st.uuids(), st.floats(0, 1e6), max_size=40))
def test_l6_tastes_are_shares_of_the_strongest_categories(weights):
    shares = rules.shares(weights)
    assert len(shares) <= rules.MAX_TASTES
    assert sum(shares.values()) == pytest.approx(1 if any(weights.values()) else 0)
    assert all(weights[one] >= weights[other] for one in shares for other in weights.keys() - shares.keys())
    assert rules.decay(0) == 1
    assert rules.decay(rules.TASTE_HALF_LIFE_DAYS) == 0.5


def profile(**more: object) -> Profile:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    facts = dict.fromkeys(Profile.__struct_fields__) | {
        **{"merchant_id": uuid4(), "member_id": uuid4(), "lifecycle": Lifecycle.PROSPECT, "orders": 0, "spent": 0},
        **{"average_order": 0, "follows": 0, "tastes": {}, "computed_at": moment},
    }
    return Profile(**facts | more)  # type: ignore[arg-type]


def test_l8_each_trait_is_explained_in_one_line():
    end = datetime(2026, 11, 1, tzinfo=UTC)
    times = {"first_order_at": end - timedelta(days=7 + 13 * 21), "last_order_at": end - timedelta(days=7)}
    loyal = profile(lifecycle=Lifecycle.LOYAL, orders=14, **times)
    assert rules.explain_lifecycle(loyal).text_in("en") == "Loyal customer: 14 orders, usually every 3 weeks"
    assert rules.explain_lifecycle(profile()).text_in("en") == "Known here, and has not bought yet"
    once = {"first_order_at": end - timedelta(days=9), "last_order_at": end - timedelta(days=9), "orders": 1}
    for cycle, text in (
        (Lifecycle.NEW, "New customer: bought for the first time 9 days ago"),
        (Lifecycle.COOLING, "Cooling customer: bought once, 9 days ago"),
        (Lifecycle.DORMANT, "Dormant customer: bought once, 9 days ago"),
    ):
        assert rules.explain_lifecycle(profile(lifecycle=cycle, **once)).text_in("en") == text
    for days, when in ((0, "today"), (1, "yesterday")):
        lately = profile(lifecycle=Lifecycle.NEW, orders=1, **dict.fromkeys(times, end - timedelta(days=days)))
        assert rules.explain_lifecycle(lately).text_in("en") == f"New customer: bought for the first time {when}"
    tea, shop = UUID(int=1), UUID(int=2)
    known = profile(
        price_band=PriceBand.LOW,
        favourite_node_id=shop,
        favourite_hour=20,
        follows=2,
        alive_probability=0.91,
        next_purchase_probability=0.4,
        tastes={tea: 0.6, UUID(int=3): 0.4},
    )
    assert [one.text_in("en") for one in rules.explain_traits(known, {tea: "Tea"}, {shop: "West Lake"})] == [
        "Buys within 30 days with a probability of 40 %, and some time with 91 %",
        "Pays less for a piece than others in the same categories",
        "Likes Tea best: 60 % of what was bought and looked at, the latest counting most",
        "Buys and collects most at West Lake",
        "Is here most at 20:00",
        "Follows 2 of the store's accounts",
    ]
    assert rules.explain_traits(profile(), {}, {}) == []


def test_l9_local_days_turn_where_the_clocks_do():
    table = {
        row["utc_day"]: row for row in zone_table({"Europe/Vienna"}, date(2026, 3, 28), date(2026, 3, 30)).to_pylist()
    }
    sunday = (date(2026, 3, 29) - date(1970, 1, 1)).days
    turn = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    assert (table[sunday]["turn"], table[sunday]["before"], table[sunday]["after"]) == (turn, 3600, 7200)
    assert table[sunday + 1]["before"] == table[sunday + 1]["after"] == 7200
