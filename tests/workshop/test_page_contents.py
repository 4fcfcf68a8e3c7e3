"""Each template that a handler shows has one struct (`rendering.Content`): its fields are the template's variables."""

import ast
import re
from pathlib import Path

import msgspec
import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

import unwall.app
from unwall.channels.console.context import ConsoleLayout, ConsolePage
from unwall.channels.counter.context import CounterLayout, CounterPage
from unwall.channels.http.errors import ErrorLayout, ErrorPage
from unwall.channels.http.places import PlaceSheet
from unwall.channels.http.rendering import Content, Layout, PageContent, environment
from unwall.channels.shop.context import ShopLayout, ShopPage

ROOT = Path(__file__).parents[2]
LAYOUTS = {ShopPage: ShopLayout, ConsolePage: ConsoleLayout, CounterPage: CounterLayout, ErrorPage: ErrorLayout}
BASES = (Content, PageContent, ShopPage, ConsolePage, CounterPage)
assert unwall.app  # imports every handler, and with it every content


def contents(base: type[Content] = Content) -> list[type[Content]]:
    """Those with a template; a class that others are made from has none."""
    found = [one for child in base.__subclasses__() for one in contents(child)]
    return [base, *found] if hasattr(base, "TEMPLATE") else found


def variables(template: str) -> set[str]:
    """What a template asks for, and what it extends or includes; not what it imports, which sees no context."""
    env = environment("en")
    assert env.loader is not None
    tree = env.parse(env.loader.get_source(env, template)[0])
    asked = find_undeclared_variables(tree) - set(env.globals)
    for node in tree.find_all((nodes.Extends, nodes.Include)):
        for name in node.find_all(nodes.Const):
            if isinstance(name.value, str) and name.value.endswith(".html"):
                asked |= variables(name.value)
    declared = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    declared |= {one.target for one in tree.find_all(nodes.Import)} | {one.name for one in tree.find_all(nodes.Macro)}
    return asked - declared


def given(content: type[Content]) -> set[str]:
    """By the struct and by the layout of its channel."""
    layout = next((layout for base, layout in LAYOUTS.items() if issubclass(content, base)), Layout)
    return {*content.__struct_fields__, *layout.__struct_fields__}


@pytest.mark.parametrize("content", contents(), ids=lambda one: one.__name__)
def test_a_template_asks_for_what_its_struct_has_and_for_all_of_it(content: type[Content]):
    asked = variables(content.TEMPLATE)
    if content is PlaceSheet:
        asked -= {"level"}  # of its heading, which the page that includes it sets
    inherited = {field for base in BASES if issubclass(content, base) for field in base.__struct_fields__}
    assert asked - given(content) == set()
    assert set(content.__struct_fields__) - asked - inherited - {"version"} == set()


def test_a_page_hides_nothing_of_its_layout():
    hidden = [
        (one.__name__, name)
        for one in contents(PageContent)
        for name in one.__struct_fields__
        if name in given(PageContent) - set(PageContent.__struct_fields__)
    ]
    assert hidden == []


def test_every_template_has_one_struct():
    shown = [one.TEMPLATE for one in contents()]
    assert sorted(set(shown)) == sorted(shown)
    folders = (ROOT / "src/unwall/channels").glob("*/templates")
    there = {str(path.relative_to(folder)) for folder in folders for path in folder.rglob("*.html")}
    sources = "".join(path.read_text() for path in (ROOT / "src/unwall/channels").rglob("*.html"))
    used = set(re.findall(r'(?:from|import|extends|include|else) "([\w/]+\.html)"', sources))
    assert there - used - set(shown) == set()


def test_the_context_of_a_template_is_never_a_dict_of_anything():
    """Nor is anything else in the source, but for JSON as others define it."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript) and ast.unparse(node) == "dict[str, Any]"
    ]
    assert [place for place in found if "channels/api/limits.py" not in place] == []  # what OpenAPI describes


def test_struct_fields_are_typed():
    for one in contents():
        assert not {f.name for f in msgspec.structs.fields(one) if str(f.type) in ("typing.Any", "<class 'object'>")}
