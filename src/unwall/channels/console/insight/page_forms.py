"""The form of a store page: read into a definition, and what its buttons change in it."""

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from unwall.channels.console.forms import SubmittedForm, number_of
from unwall.channels.http.page_context import known_id
from unwall.insight.pages.definition import (
    Diversity,
    ForPerson,
    HandPicked,
    HitList,
    Hits,
    ModuleKind,
    NewArrivals,
    Newest,
    OfCategory,
    PageDefinition,
    PageModule,
    Pinned,
    RowGuarantee,
    Source,
)
from unwall.insight.pages.definition_rules import MAX_GUARANTEES, MAX_LISTED_PRODUCTS, MAX_MODULES
from unwall.kernel.ids import parse_id

SOURCES: dict[str, Source] = {
    "for-person": ForPerson(),
    "newest": Newest(),
    "hits": HitList(),
    "hand-picked": HandPicked([]),
}
CATEGORY = "category:"
"""Before a category's id, as the value of a source."""
DEFAULT_SLOTS = {ModuleKind.PRODUCTS: 12, ModuleKind.NEW: 8, ModuleKind.POSTS: 3, ModuleKind.NEAR: 8}


def read_definition(form: SubmittedForm) -> PageDefinition:
    """Positions count from one in the form. What is more than a page may hold by far is not read."""
    modules = [_module(form, n) for n in form.parts("modules")[: MAX_MODULES + 1]]
    for n in form.parts("pins")[: 2 * MAX_MODULES * MAX_GUARANTEES]:
        number = number_of(form.text(f"pins.{n}.module"))
        if 0 <= number < len(modules):
            pin = Pinned(known_id(form.text(f"pins.{n}.product_id")), form.read(f"pins.{n}.position", int, 1) - 1)
            modules[number] = replace(modules[number], guarantees=[*modules[number].guarantees, pin])
    for n in form.parts("picked")[: 2 * MAX_MODULES * MAX_LISTED_PRODUCTS]:
        number, product_id = number_of(form.text(f"picked.{n}.module")), known_id(form.text(f"picked.{n}.product_id"))
        if 0 <= number < len(modules) and isinstance(modules[number].source, HandPicked):
            modules[number] = _with_picked(modules[number], product_id)
    hits = [known_id(form.text(f"hits.{n}.product_id")) for n in form.parts("hits")[: MAX_LISTED_PRODUCTS + 1]]
    return PageDefinition(modules, hits, _hits_above(form))


def _hits_above(form: SubmittedForm) -> Hits | None:
    if not form.text("at_least") and not form.text("first"):
        return None
    return Hits(form.read("at_least", int, 0), form.read("first", int, 0))


def _module(form: SubmittedForm, n: int) -> PageModule:
    name = f"modules.{n}"
    kind = kind_of(form.text(f"{name}.kind"))
    segment = parse_id(form.text(f"{name}.audience"))
    return PageModule(
        kind,
        form.text(f"{name}.title"),
        form.read(f"{name}.slots", int, 1) if form.has(f"{name}.slots") else DEFAULT_SLOTS.get(kind, 1),
        _source(form.text(f"{name}.source")),
        parse_id(form.text(f"{name}.post_id")),
        _figures(form, name),
        frozenset([segment]) if segment else frozenset(),
    )


def kind_of(text: str) -> ModuleKind:
    return ModuleKind(text) if text in list(ModuleKind) else ModuleKind.PRODUCTS


def _source(text: str) -> Source:
    if text.startswith(CATEGORY):
        return OfCategory(known_id(text.removeprefix(CATEGORY)))
    return SOURCES.get(text, ForPerson())


def source_value(source: Source) -> str:
    if isinstance(source, OfCategory):
        return f"{CATEGORY}{source.category_id}"
    return next(name for name, one in SOURCES.items() if type(one) is type(source))


def _figures(form: SubmittedForm, name: str) -> list[RowGuarantee]:
    guarantees: list[RowGuarantee] = []
    if form.text(f"{name}.new"):
        guarantees.append(NewArrivals(form.read(f"{name}.new", int, 1)))
    if form.text(f"{name}.diversity"):
        guarantees.append(Diversity(form.read(f"{name}.diversity", int, 1)))
    return guarantees


def _with_picked(module: PageModule, product_id: UUID) -> PageModule:
    picked = module.source.products if isinstance(module.source, HandPicked) else []
    return replace(module, source=HandPicked([*dict.fromkeys([*picked, product_id])]))


def changed(page: PageDefinition, doing: str, which: str, into: str) -> PageDefinition:
    """What the button `doing:which` makes of the page; `into` says where a product is added: `hits`, `pins:N`,
    `picked:N`."""
    modules, n = list(page.modules), number_of(which.partition(".")[0])
    if doing == "new":
        kind = kind_of(which or into)
        source = Newest() if kind is ModuleKind.NEW else ForPerson()
        return replace(page, modules=[*modules, PageModule(kind, slots=DEFAULT_SLOTS.get(kind, 1), source=source)])
    if doing == "remove":
        return replace(page, modules=[module for i, module in enumerate(modules) if i != n])
    if doing in ("up", "down"):
        return replace(page, modules=_moved(modules, n, n - 1 if doing == "up" else n + 1))
    if doing == "add":
        return _added(page, known_id(which), into)
    if doing == "drop-hit":
        return replace(page, hits=[one for one in page.hits if str(one) != which])
    if doing in ("drop-pin", "drop-picked") and 0 <= n < len(modules):
        modules[n] = _without(modules[n], which.partition(".")[2])
    return replace(page, modules=modules)


def _moved(modules: Sequence[PageModule], n: int, to: int) -> list[PageModule]:
    order = list(modules)
    if 0 <= n < len(order) and 0 <= to < len(order):
        order.insert(to, order.pop(n))
    return order


def _without(module: PageModule, product_id: str) -> PageModule:
    guarantees = [
        one for one in module.guarantees if not (isinstance(one, Pinned) and str(one.product_id) == product_id)
    ]
    source = module.source
    if isinstance(source, HandPicked):
        source = HandPicked([one for one in source.products if str(one) != product_id])
    return replace(module, guarantees=guarantees, source=source)


def _added(page: PageDefinition, product_id: UUID, into: str) -> PageDefinition:
    what, _, number = into.partition(":")
    n, modules = number_of(number), list(page.modules)
    if what == "pins" and 0 <= n < len(modules):
        taken = {one.position for one in modules[n].guarantees if isinstance(one, Pinned)}
        free = next(position for position in range(len(taken) + 1) if position not in taken)
        modules[n] = replace(modules[n], guarantees=[*modules[n].guarantees, Pinned(product_id, free)])
        return replace(page, modules=modules)
    if what == "picked" and 0 <= n < len(modules):
        modules[n] = _with_picked(modules[n], product_id)
        return replace(page, modules=modules)
    return replace(page, hits=[*dict.fromkeys([*page.hits, product_id])])
