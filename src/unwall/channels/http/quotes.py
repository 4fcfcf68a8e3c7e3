"""What a quote says, in rows of words and amounts: in a bag, on an order, on a receipt."""

from collections.abc import Sequence

from unwall.channels.http.formatters import formatters
from unwall.commerce.pricing.values import WHOLE, CodeAnswer, PriceRefusal, Quote, Tax, Treatment
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of

WHY_UNTAXED = {
    Treatment.EXPORT: N_("Export, no tax"),
    Treatment.REVERSE_CHARGE: N_("Reverse charge: you account for the tax"),
    Treatment.EXEMPT: N_("Exempt from tax"),
}


def quote_rows(quote: Quote, total: str, lang: str) -> list[tuple[str, str]]:
    """Goods, each reduction by its title, delivery, taxes, and the sum under the words `total`."""

    def money(amount: int) -> str:
        return Money(amount, quote.currency).text(locale_of(lang))

    rows = [(gettext(lang, N_("Goods")), money(quote.goods))]
    of_goods = {one.promotion_id for line in quote.lines for one in line.reductions}
    rows += [(one.title_in(lang), money(-one.amount)) for one in quote.reductions if one.promotion_id in of_goods]
    if quote.delivery is not None:
        way = quote.delivery.way
        rows.append((gettext(lang, N_("Delivery")), money(way.fee) if way.fee else gettext(lang, N_("Free"))))
    if quote.treatment in WHY_UNTAXED:
        rows.append((gettext(lang, WHY_UNTAXED[quote.treatment]), money(quote.tax_added)))
    elif not quote.tax_included:
        rows += [(tax_name(tax, lang), money(tax.amount)) for tax in quote.taxes]
    if quote.delivery is not None or not quote.ways:
        rows.append((gettext(lang, total), money(quote.total)))
    return rows


def tax_name(tax: Tax, lang: str) -> str:
    """ "VAT 20 %"."""
    return gettext(lang, N_("{tax} {rate} %"), tax=tax.name, rate=formatters(lang).number(tax.millionths * 100 / WHOLE))


def included_taxes(quote: Quote | None, lang: str) -> str:
    """ "Includes VAT 20 %: £4.00, VAT 5 %: £0.20"; empty where prices do not include tax."""
    if quote is None or not quote.tax_included or not quote.taxes:
        return ""
    return gettext(lang, N_("Includes {taxes}"), taxes=", ".join(_amounts(quote.taxes, quote.currency, lang)))


def _amounts(taxes: Sequence[Tax], currency: str, lang: str) -> list[str]:
    return [f"{tax_name(tax, lang)}: {Money(tax.amount, currency).text(locale_of(lang))}" for tax in taxes]


WHY_REFUSED = {
    PriceRefusal.UNKNOWN: N_("{code}: this code is not valid here."),
    PriceRefusal.TOO_EARLY: N_("{code}: this does not hold yet."),
    PriceRefusal.ENDED: N_("{code}: this has ended."),
    PriceRefusal.USED_UP: N_("{code}: this is used up."),
    PriceRefusal.USED_BY_CUSTOMER: N_("{code}: you have used this."),
    PriceRefusal.CHANNEL: N_("{code}: this does not hold here, but in another way of buying."),
    PriceRefusal.CUSTOMER: N_("{code}: this is for certain customers."),
    PriceRefusal.FIRST_ORDER: N_("{code}: this is for a first order."),
    PriceRefusal.GOODS: N_("{code}: this is for other goods."),
    PriceRefusal.MINIMUM: N_("{code}: {missing} more of its goods are needed."),
    PriceRefusal.OTHER_IS_BETTER: N_("{code}: it does not combine with the rest, which is worth more."),
}


def code_words(answer: CodeAnswer, currency: str, lang: str) -> str:
    """Whether a code counts, and why not."""
    if answer.refusal is None:
        return gettext(lang, N_("{code}: it counts."), code=answer.code)
    missing = Money(answer.missing, currency).text(locale_of(lang))
    return gettext(lang, WHY_REFUSED[answer.refusal], code=answer.code, missing=missing)
