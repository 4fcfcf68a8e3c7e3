"""Pages: Jinja2 with the texts of the visit's language, and what every page knows."""

import hashlib
from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from litestar import Response
from litestar.enums import MediaType
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup, escape

from unwall.channels.design import STATIC, TEMPLATES
from unwall.channels.http.context import THEME, AnyRequest
from unwall.channels.http.formatters import formatters
from unwall.kernel.files import Files
from unwall.kernel.text import LANGUAGES, gettext, translations

FOLDERS = [TEMPLATES, *(Path(__file__).parent.parent / voice / "templates" for voice in ("shop", "console", "counter"))]


class Page(msgspec.Struct, frozen=True):
    """`page` in every template."""

    title: str
    lang: str
    path: str
    csrf: str
    theme: str


_current: ContextVar[Page] = ContextVar("page")


class CurrentPage:
    """`page` as the components see it. They are imported without the page's context, so that Jinja runs their file
    once and not for every page that uses them, which took a third of the time of a page."""

    def __getattr__(self, name: str) -> str:
        value: str = getattr(_current.get(), name)
        return value


class TranslatedTexts(NodeTransformer):
    """Puts the text of a language in the place of `_("Save")`, where a template is compiled instead of at each use."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 (Jinja's name for it)
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=message)], kwargs=[]):
                text = gettext(self._lang, message) % {}  # as Jinja does: "%%" is a percent sign
                return nodes.MarkSafe(nodes.Const(text, lineno=node.lineno), lineno=node.lineno)
        return node


def code_generator(lang: str) -> type[CodeGenerator]:
    class Translated(CodeGenerator):
        def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
            TranslatedTexts(lang).visit(node)
            super().visit_Template(node, frame)

    return Translated


@lru_cache
def environment(lang: str) -> Environment:
    """One for each language, its templates compiled once."""
    env = Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    env.install_gettext_translations(translations(lang), newstyle=True)  # type: ignore[attr-defined]
    env.code_generator_class = code_generator(lang)
    env.globals.update(asset=asset, svg_icon=icon, file_url=Files.url, page=CurrentPage(), languages=LANGUAGES)
    env.policies["json.dumps_function"] = lambda value, **_: msgspec.json.encode(value).decode()  # structs too
    env.filters.update(formatters(lang).filters())
    return env


@lru_cache
def asset(path: str) -> str:
    """The address of a static file, with its content's hash so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"


class Named(Protocol):
    """Whoever the layout greets or is headed by."""

    @property
    def name(self) -> str: ...


@lru_cache(maxsize=1000)
def icon(name: str, label: str | None = None, size: str = "") -> Markup:
    """`ui.icon`: decoration, unless a label says what it means. Not a macro, for a page shows some twenty."""
    look = f"icon {size}" if size else "icon"
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    address = escape(f"{asset('icons.svg')}#{name}")
    return Markup(f'<svg class="{look}" {meaning}><use href="{address}"/></svg>')  # noqa: S704 (all is escaped)


class NavLink(NamedTuple):
    """In the header or the tab bar."""

    url: str
    label: str
    icon: str
    active: bool


class LayoutDefaults(msgspec.Struct, frozen=True):
    """What the layouts ask for where a handler gives nothing, as for a page that reports an error."""

    me: Named | None = None
    """the signed-in shopper"""
    bag_count: int = 0
    place: str | None = None
    merchant: Named | None = None
    """whose console it is, or the only one of the shop"""
    staff: Named | None = None
    nav: Sequence[NavLink] = ()


DEFAULTS = msgspec.structs.asdict(LayoutDefaults())


def render(  # the request is needed for its language, path and CSRF token
    request: AnyRequest, lang: str, template: str, *, title: str, status: int = 200, **context: Any
) -> Response[str]:
    facts = Page(
        title=title,
        lang=lang,
        path=request.scope["path"],
        csrf=csrf_token(request),
        theme=request.cookies.get(THEME, "auto"),
    )
    _current.set(facts)
    html = environment(lang).get_template(template).render({**DEFAULTS, **context, "page": facts})
    return Response(html, media_type=MediaType.HTML, status_code=status)


def csrf_token(request: AnyRequest) -> str:
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""
