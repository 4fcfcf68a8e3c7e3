"""Pages: Jinja2 with the texts of the visit's language, and what every page knows."""

from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import ClassVar, NamedTuple, Protocol
from urllib.parse import urlsplit

import jinja2
import msgspec
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from litestar import Response
from litestar.enums import MediaType
from markupsafe import Markup, escape
from msgspec.structs import asdict

from unwall.channels.design import TEMPLATES
from unwall.channels.http.context import THEME, AnyRequest
from unwall.channels.http.csrf import masked_token
from unwall.channels.http.formatters import formatters
from unwall.channels.http.stated_limits import LIMITS
from unwall.channels.http.static_files import asset
from unwall.kernel.files import Files
from unwall.kernel.text import LANGUAGES, gettext, translations

FOLDERS = [TEMPLATES, *(Path(__file__).parent.parent / voice / "templates" for voice in ("shop", "console", "counter"))]


SHEET = "sheet-body"
"""The element into which htmx puts what opens over a page."""


class Page(msgspec.Struct, frozen=True):
    """`page` in every template."""

    title: str
    lang: str
    path: str
    here: str
    """the address with its query, to come back to"""
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


class PlainTemplate(Template):
    """What is imported sees no globals but the environment's, so its module is always the same one; Jinja compares the
    globals anew at each import, which took a sixth of the time of a page."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return self._module or super()._get_default_module(ctx)


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
    env.template_class = PlainTemplate
    env.globals.update(limits=LIMITS, form_key=partial(token_hex, 12))
    env.globals.update(asset=asset, svg_icon=icon, file_url=Files.url, page=CurrentPage(), languages=LANGUAGES)
    env.policies["json.dumps_function"] = lambda value, **_: msgspec.json.encode(value).decode()  # structs too
    env.filters.update(formatters(lang).filters())
    return env


class CompiledTemplates(FileSystemBytecodeCache):
    """What Jinja compiled for readers of one language, kept as files. A template is compiled anew when its text has
    changed, all of them when the language's texts or this module have."""

    def __init__(self, folder: Path, lang: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = LANGUAGES[lang].file
        parts = (jinja2.__version__.encode(), Path(__file__).read_bytes(), file.read_bytes() if file else b"")
        self._own = f"{lang}-{blake2b(b''.join(parts), digest_size=8).hexdigest()}-"
        self._folder, self._lang = folder, lang
        super().__init__(str(folder), f"{self._own}%s")

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full disk: then it is compiled anew at the next start
            super().dump_bytecode(bucket)

    def delete_others(self) -> None:
        """What was compiled for the language before its texts or this module changed."""
        for file in self._folder.glob(f"{self._lang}-*"):
            if not file.name.startswith(self._own):
                file.unlink(missing_ok=True)


def load_templates(lang: str, folder: Path) -> None:
    """Every page for readers of the language, compiled or as the folder keeps it."""
    env, kept = environment(lang), CompiledTemplates(folder, lang)
    env.bytecode_cache = kept
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)
    kept.delete_others()


class Named(Protocol):
    """A person or store that the layout names."""

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


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What the layouts ask for; the defaults serve pages outside a channel's context, as those that report an error.
    Each channel has its own subclass with what its layout shows besides."""

    me: Named | None = None
    """the signed-in shopper"""
    bag_count: int = 0
    unread: int = 0
    """notifications"""
    place: str | None = None
    merchant: Named | None = None
    """whose console it is, or the only one of the shop"""
    staff: Named | None = None
    nav: Sequence[NavLink] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What one template shows: its fields are the variables of the template that a subclass names in `TEMPLATE`. A
    direct subclass is a part of a page, for htmx."""

    TEMPLATE: ClassVar[str]


class PageContent(Content, frozen=True, kw_only=True):
    """What a whole page shows, inside its layout."""

    title: str
    description: str = ""
    """for search engines; the shop has a general one where this is empty"""


def render(
    request: AnyRequest, lang: str, content: Content, layout: Layout | None = None, *, status: int = 200
) -> Response[str]:
    """The request is needed for its path, CSRF token and theme."""
    facts = Page(
        title=content.title if isinstance(content, PageContent) else "",
        lang=lang,
        path=request.scope["path"],
        here=here(request),
        csrf=masked_token(request),
        theme=request.cookies.get(THEME, "auto"),
    )
    _current.set(facts)
    values = asdict(layout or Layout()) | asdict(content)
    html = environment(lang).get_template(content.TEMPLATE).render({**values, "page": facts})
    return Response(html, media_type=MediaType.HTML, status_code=status)


def here(request: AnyRequest) -> str:
    """The address of the page that is shown. An answer to a form has none, nor has what is shown in a sheet: they are
    where the form or the sheet is."""
    if request.method != "GET" or request.headers.get("hx-target") == SHEET:
        return own_address(request, request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    path, query = request.scope["path"], request.scope["query_string"].decode(errors="replace")
    return f"{path}?{query}" if query else path


def own_address(request: AnyRequest, url: str) -> str:
    """Path and query of an address of this install."""
    parts = urlsplit(url)
    if parts.netloc != request.headers.get("host", "") or not parts.path.startswith("/"):
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
