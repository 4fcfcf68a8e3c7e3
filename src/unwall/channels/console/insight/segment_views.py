"""What the segment editor shows of a form's rows, and of suggestions."""

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.insight.segment_forms import GROUPS, TYPES
from unwall.channels.console.insight.segment_words import BANDS, DEEDS, LIFECYCLES, TRAITS, SegmentNames, sentence
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts
from unwall.insight.segments.rules import MAX_PARTS
from unwall.insight.segments.suggestions import LEFT_IN_BAG_DAYS, LOOKED_DAYS, Suggestion, SuggestionKind
from unwall.insight.segments.values import AMOUNTS, PER_CENT
from unwall.kernel.text import N_

KINDS = {
    "did": N_("What they did"),
    "lifecycle": N_("Where they stand"),
    "price_band": N_("What they pay"),
    "shop": N_("Favourite shop"),
    "taste": N_("What they like"),
    "follows": N_("Follows the store"),
    "everyone": N_("Everybody"),
} | {trait.value: words for trait, words in TRAITS.items()}
SUGGESTED = {
    SuggestionKind.LEAVING: N_("About to leave"),
    SuggestionKind.LOOKED: N_("Looked, and has not bought"),
    SuggestionKind.LEFT_IN_BAG: N_("Left in the bag"),
    SuggestionKind.FOND: N_("Loyal to {category}"),
}
WHY = {
    SuggestionKind.LEAVING: N_("Good customers who wait longer than they usually do."),
    SuggestionKind.LOOKED: N_("They viewed products within {days} days and never bought.", days=LOOKED_DAYS),
    SuggestionKind.LEFT_IN_BAG: N_("They chose something within {days} days and did not buy.", days=LEFT_IN_BAG_DAYS),
    SuggestionKind.FOND: N_("Loyal customers who mostly look at and buy one category."),
}


class FormChoice(msgspec.Struct, frozen=True):
    name: str
    label: str
    chosen: bool


class SegmentPart(msgspec.Struct, frozen=True):
    """A row of the form: a group with its parts, or a condition with the fields of its type."""

    number: int
    parent: str
    type: str
    title: str
    group: bool
    negated: bool
    values: FieldTexts
    errors: FieldTexts
    unit: str
    choices: list[FormChoice]
    categories: list[Option]
    deeds: list[Option]
    kinds: list[Option]
    parts: list["SegmentPart"]


class SuggestedView(msgspec.Struct, frozen=True):
    title: str
    people: str
    why: str
    sentence: str
    url: str


def suggested_view(ctx: ConsoleContext, number: int, one: Suggestion, names: SegmentNames, path: str) -> SuggestedView:
    category = names.categories.get(one.category_id, "") if one.category_id else ""
    return SuggestedView(
        ctx.words(SUGGESTED[one.kind], category=category),
        ctx.count("1 person", "{n} people", one.people),
        ctx.words(WHY[one.kind]),
        sentence(ctx, one.definition, names),
        f"{path}/new?suggested={number}",
    )


def editor_tree(ctx: ConsoleContext, form: SubmittedForm, names: SegmentNames, errors: FieldTexts) -> SegmentPart:
    inside: dict[str, list[int]] = {}
    for n in form.parts("c")[: MAX_PARTS + 1]:
        parent = form.text(f"c.{n}.parent")
        if n and parent.isdecimal() and int(parent) < n:
            inside.setdefault(parent, []).append(n)

    def view(n: int) -> SegmentPart:
        kind = form.text(f"c.{n}.type")
        group = n == 0 or kind in GROUPS
        start = f"c.{n}."
        return SegmentPart(
            n,
            form.text(f"{start}parent"),
            ("any" if kind == "any" else "all") if group else kind,
            ctx.words(N_("Group")) if group else _heading(ctx, kind),
            group,
            form.has(f"{start}not"),
            FieldTexts(
                {name.removeprefix(start): text for name, text in form.fields.items() if name.startswith(start)}
            ),
            FieldTexts({name.removeprefix(start): text for name, text in errors.items() if name.startswith(start)}),
            _unit(ctx, kind),
            _choices(ctx, form, start, kind, names),
            _categories(ctx, kind, names),
            [Option(deed, ctx.words(words, what="…")) for deed, words in DEEDS.items()],
            [Option(one, _heading(ctx, one)) for one in TYPES] if group else [],
            [view(child) for child in inside.get(str(n), ())],
        )

    return view(0)


def _heading(ctx: ConsoleContext, kind: str) -> str:
    words = ctx.words(KINDS.get(kind, KINDS["everyone"]))
    return words[:1].upper() + words[1:]


def _unit(ctx: ConsoleContext, kind: str) -> str:
    if kind in list(AMOUNTS):
        return ctx.merchant.currency
    return "%" if kind in list(PER_CENT) or kind == "taste" else ""


def _choices(ctx: ConsoleContext, form: SubmittedForm, start: str, kind: str, names: SegmentNames) -> list[FormChoice]:
    if kind == "lifecycle":
        offered = [(one.value, ctx.words(words)) for one, words in LIFECYCLES.items()]
    elif kind == "price_band":
        offered = [(one.value, ctx.words(words)) for one, words in BANDS.items()]
    else:
        offered = [(str(one), name) for one, name in names.shops.items()] if kind == "shop" else []
    return [FormChoice(f"{start}is.{value}", label, form.has(f"{start}is.{value}")) for value, label in offered]


def _categories(ctx: ConsoleContext, kind: str, names: SegmentNames) -> list[Option]:
    known = [Option(str(one), title) for one, title in names.categories.items()]
    return [Option("", ctx.words(N_("Any category") if kind == "did" else N_("Choose a category"))), *known]
