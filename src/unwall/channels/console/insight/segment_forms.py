"""A segment's definition as the fields of a form, `c.N.field`, and back. Row 0 is the outermost group; every other row
names its group in `parent`."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from unwall.channels.console.forms import SubmittedForm
from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.rules import MAX_CONDITIONS, MAX_PARTS
from unwall.insight.segments.values import (
    AMOUNTS,
    AllOf,
    AnyOf,
    Condition,
    Deed,
    Definition,
    Did,
    Everyone,
    FollowsStore,
    HasTaste,
    HasTrait,
    InLifecycle,
    InPriceBand,
    Not,
    PrefersShop,
    Trait,
)
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import parse_id
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_

Fields = dict[str, str]
TYPES = ("did", "lifecycle", *Trait, "price_band", "shop", "taste", "follows")
"""Of conditions, in the order in which they are offered."""
GROUPS = ("all", "any")
_CHOSEN = {"lifecycle": Lifecycle, "price_band": PriceBand}


class FormFacts(msgspec.Struct, frozen=True):
    """What is needed to read what people write."""

    currency: str
    products: Mapping[str, UUID]
    """by slug"""


class ReadDefinition(msgspec.Struct, frozen=True):
    definition: Definition
    rows: dict[str, int]
    """By path, as errors name it."""

    def field(self, path: str) -> str:
        """The form's field of an error's path."""
        known = max((one for one in self.rows if path == one or path.startswith(f"{one}.")), key=len, default="")
        rest = path.removeprefix(known).strip(".")
        return f"c.{self.rows[known]}.{rest or 'of'}" if known else path


def product_slugs(form: SubmittedForm) -> set[str]:
    return {slug for n in form.parts("c") if (slug := form.text(f"c.{n}.product"))}


def read_definition(form: SubmittedForm, facts: FormFacts) -> ReadDefinition:
    """What is wrong is noted in the form."""
    children: dict[int, list[int]] = {}
    for n in form.parts("c")[: MAX_PARTS + 1]:
        parent = form.text(f"c.{n}.parent")
        if n and parent.isdecimal() and int(parent) < n:  # a group stands before what is in it: no circles
            children.setdefault(int(parent), []).append(n)
    rows: dict[str, int] = {}

    def read(n: int, path: str) -> Definition:
        negated = form.has(f"c.{n}.not")
        inside = f"{path}.of" if negated else path
        rows[path] = rows[inside] = n
        kind = form.text(f"c.{n}.type")
        part: Definition
        if n == 0 or kind in GROUPS:
            parts = tuple(read(child, f"{inside}.of.{k}") for k, child in enumerate(children.get(n, ())))
            part = AnyOf(parts) if kind == "any" else AllOf(parts)
        else:
            part = _read_condition(form, n, kind, facts)
        return Not(part) if negated else part

    return ReadDefinition(read(0, "definition"), rows)


def _read_condition(form: SubmittedForm, n: int, kind: str, facts: FormFacts) -> Condition | Everyone:
    at = f"c.{n}."
    match kind:
        case "lifecycle":
            return InLifecycle(tuple(one for one in Lifecycle if form.has(f"{at}is.{one}")))
        case "price_band":
            return InPriceBand(tuple(one for one in PriceBand if form.has(f"{at}is.{one}")))
        case "shop":
            names = sorted(name.removeprefix(f"{at}is.") for name in form.fields if name.startswith(f"{at}is."))
            return PrefersShop(tuple(one for name in names if (one := parse_id(name))))
        case "follows":
            return FollowsStore()
        case "taste":
            category = parse_id(form.text(f"{at}category"))
            if category is None:
                form.errors.append(FieldError(f"{at}category", N_("Choose a category.")))
            return HasTaste(category or UUID(int=0), _whole(form, f"{at}at_least", 0) or 0)
        case "did":
            return _read_did(form, at, facts)
        case _ if kind in list(Trait):
            trait = Trait(kind)
            return HasTrait(trait, _end(form, f"{at}at_least", trait, facts), _end(form, f"{at}at_most", trait, facts))
    return Everyone()


def _read_did(form: SubmittedForm, at: str, facts: FormFacts) -> Did:
    deed, slug = form.text(f"{at}deed"), form.text(f"{at}product")
    if slug and slug not in facts.products:
        form.errors.append(FieldError(f"{at}product", N_("One of these products is not yours.")))
    times = _whole(form, f"{at}times", 1)
    return Did(
        Deed(deed) if deed in list(Deed) else Deed.VIEWED,
        facts.products.get(slug),
        parse_id(form.text(f"{at}category")),
        1 if times is None else times,
        _whole(form, f"{at}days", None),
    )


def _whole(form: SubmittedForm, name: str, otherwise: int | None) -> int | None:
    return form.read(name, int, otherwise) if form.text(name) else otherwise


def _end(form: SubmittedForm, name: str, trait: Trait, facts: FormFacts) -> int | None:
    if trait not in AMOUNTS or not form.text(name):
        return _whole(form, name, None)
    try:
        return parse_money(form.text(name), facts.currency, field=name).amount
    except Invalid as error:
        form.errors += error.errors
        return None


# --- and back ---------------------------------------------------------------------------------------------------------


def fields_of(definition: Definition, currency: str, slugs: Mapping[UUID, str]) -> Fields:
    whole = definition if _is_group(definition) else AllOf((definition,))
    fields: Fields = {}
    numbers = iter(range(3 * MAX_PARTS))

    def write(part: Definition, parent: int | None) -> None:
        n = next(numbers)
        at = f"c.{n}."
        inner = part.of if isinstance(part, Not) else part
        fields[f"{at}parent"] = "" if parent is None else str(parent)
        if isinstance(part, Not):
            fields[f"{at}not"] = "1"
        if isinstance(inner, Not):  # not of not: a group of its own
            inner = AllOf((inner,))
        if isinstance(inner, AllOf | AnyOf):
            fields[f"{at}type"] = "any" if isinstance(inner, AnyOf) else "all"
            for child in inner.of:
                write(child, n)
        else:
            fields.update({f"{at}{name}": value for name, value in _condition_fields(inner, currency, slugs).items()})

    write(whole, None)
    return fields


def _is_group(part: Definition) -> bool:
    return isinstance(part, AllOf | AnyOf) or (isinstance(part, Not) and isinstance(part.of, AllOf | AnyOf))


def _condition_fields(one: Condition | Everyone, currency: str, slugs: Mapping[UUID, str]) -> Fields:
    match one:
        case InLifecycle() | InPriceBand() | PrefersShop():
            kinds = {InLifecycle: "lifecycle", InPriceBand: "price_band", PrefersShop: "shop"}
            return {"type": kinds[type(one)]} | {f"is.{value}": "1" for value in one.among}
        case FollowsStore():
            return {"type": "follows"}
        case HasTaste():
            return {"type": "taste", "category": str(one.category_id), "at_least": str(one.at_least)}
        case HasTrait():
            ends = {"at_least": one.at_least, "at_most": one.at_most}
            told = {name: _typed(end, one.trait, currency) for name, end in ends.items() if end is not None}
            return {"type": one.trait.value} | told
        case Did():
            return {
                "type": "did",
                "deed": one.deed.value,
                "product": slugs.get(one.product_id, "") if one.product_id else "",
                "category": str(one.category_id or ""),
                "times": str(one.times),
                "days": "" if one.days is None else str(one.days),
            }
    return {"type": "everyone"}


def _typed(end: int, trait: Trait, currency: str) -> str:
    return str(Money(end, currency).decimal()) if trait in AMOUNTS else str(end)


# --- what buttons do --------------------------------------------------------------------------------------------------


def changed(fields: Mapping[str, str], doing: str, group: int, kind: str) -> Fields:
    """With a condition or a group more in a group, or without a row and what is in it."""
    rows = SubmittedForm(fields, []).parts("c")
    if doing == "drop":
        gone = {group}
        for n in rows:
            if fields.get(f"c.{n}.parent") in {str(one) for one in gone}:
                gone.add(n)
        return {name: value for name, value in fields.items() if _row_of(name) not in gone - {0}}
    kept = dict(fields)
    conditions = sum(fields.get(f"c.{n}.type") not in GROUPS for n in rows)
    if doing in {"add", "group"} and conditions < MAX_CONDITIONS and len(rows) < MAX_PARTS:
        n = max(rows, default=0) + 1
        kept |= {f"c.{n}.parent": str(group), f"c.{n}.type": kind if doing == "add" else "any"}
        if kind == "did":
            kept[f"c.{n}.times"] = "1"
    return kept


def _row_of(name: str) -> int:
    parts = name.split(".")
    return int(parts[1]) if parts[0] == "c" and len(parts) > 2 and parts[1].isdecimal() else -1
