"""Product files of other systems, turned into the columns that we know: WooCommerce's, Taobao's, and tables whose
headings mean the same in other words.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from unwall.catalogue.product_file.columns import KNOWN, OPTION_NAMES, OPTION_VALUES, TAX_CLASS
from unwall.catalogue.texts import slugify
from unwall.kernel import typed

_SAME = {
    "Title": "name|product name|product title|item name|product|bezeichnung|artikelname|nom|nombre|nome|title"
    "|商品名称|商品标题|宝贝名称|宝贝标题|产品名称|标题|名称|品名|商品名|商品名稱|標題|品項",
    "Handle": "slug|url key|permalink|产品网址",
    "Body (HTML)": "body|body html|product description|item description|long description|beschreibung|descripción"
    "|descrição|宝贝描述|商品描述|产品描述|描述|详情|商品详情|說明|商品說明",
    "Vendor": "brand|manufacturer|marke|hersteller|marque|marca|品牌|供应商|厂商",
    "Type": "category|categories|product type|kategorie|catégorie|categoría|categoria"
    "|分类|类目|商品分类|商品类目|类别|分類",
    "Tags": "tag|keywords|labels|标签|关键词|標籤",
    "Variant SKU": "item number|item no|article number|product code|code|reference|artikelnummer|référence|referencia"
    "|商家编码|商品编码|货号|款号|编码|商品编号|sku编码|規格編號|貨號",
    "Variant Barcode": "ean|upc|gtin|isbn|gtin, upc, ean, or isbn|ean13|条码|条形码|商品条码|條碼",
    "Variant Price": "regular price|unit price|sale price|selling price|preis|prix|precio|preço|prezzo"
    "|宝贝价格|商品价格|价格|售价|单价|销售价|一口价|價格|售價",
    "Variant Compare At Price": "compare at price|list price|msrp|rrp|uvp|原价|市场价|划线价|吊牌价|原價",
    "Variant Inventory Qty": "quantity|qty|stock|stock quantity|inventory|on hand|bestand|menge|lager|quantité|cantidad"
    "|宝贝数量|库存|数量|库存数量|商品库存|可售库存|庫存|數量",
    "Variant Grams": "grams|weight (g)|weight in grams|重量(克)|重量（克）|重量(g)|重量（g）|克重",
    "Image Src": "image|images|image url|image urls|picture|pictures|photo|image link|main image|bild|新图片|图片|主图"
    "|商品图片|图片链接|图片地址|宝贝图片|圖片",
    "Image Alt Text": "image alt",
    "Option1 Value": "variation name|variant|variant title|variant name|规格|规格名称|規格",
    "Status": "状态",
}
SYNONYMS = MappingProxyType({word: heading for heading, words in _SAME.items() for word in words.split("|")})
"""Headings of other systems, in small letters. Where a file has our own heading too, that one counts."""
_ADDRESS = re.compile(r"https?://(?:(?!https?://)[^\s|;])+")
_WEIGHT = re.compile(r"weight \((kg|g|lbs|oz)\)")
_GRAMS = MappingProxyType({"kg": 1000.0, "g": 1.0, "lbs": 453.59237, "oz": 28.349523125})
_ATTRIBUTE = re.compile(r"attribute (\d+) (name|value\(s\))")
_COLOUR = "1627207"
"""Taobao's number of the property that is a colour."""

Cells = dict[str, str]


class ForeignLine(msgspec.Struct, frozen=True):
    """`cells` by our heading; more than one of them may come from one line of the file."""

    line: int
    cells: Cells


class ForeignTable(msgspec.Struct, frozen=True):
    """`headings`: ours > the file's; `unused`: columns that have something and are not taken."""

    headings: Mapping[str, str]
    lines: list[ForeignLine]
    unused: Sequence[str] = ()


def heading_of(title: str) -> str:
    """Ours; empty if it means nothing to us."""
    word = simple(title)
    return KNOWN.get(word, "") or SYNONYMS.get(word, "")


def simple(title: str) -> str:
    return typed.line(title).replace("*", "").strip(" :：").lower()


def translated(titles: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> ForeignTable | None:
    """None where the file is a table with a heading for each column, which needs no more than `heading_of`."""
    words = [simple(title) for title in titles]
    if {"type", "name", "regular price"} <= set(words):
        return _of_woocommerce(titles, _rows(words, lines))
    if "销售属性组合" in words or "skuprops" in words:
        return _of_taobao(titles, _rows([_TAOBAO.get(word, word) for word in words], lines))
    return None


def _rows(words: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[ForeignLine]:
    return [ForeignLine(number, dict(zip(words, values, strict=False))) for number, values in lines]


def pictures_listed(cell: str) -> list[str]:
    """The web addresses of a cell that may hold several; what Taobao writes before each falls off."""
    return [address.rstrip(",，") for address in _ADDRESS.findall(cell)] or ([cell] if cell else [])


# --- WooCommerce ------------------------------------------------------------------------------------------------------

_WOO = {
    "Title": "name",
    "Body (HTML)": "description",
    "Type": "categories",
    "Tags": "tags",
    "Published": "published",
    "Vendor": "brands",
    "Variant SKU": "sku",
    "Variant Barcode": "gtin, upc, ean, or isbn",
    "Variant Price": "regular price",
    "Variant Compare At Price": "sale price",
    "Variant Inventory Qty": "stock",
    "Variant Grams": "weight (kg)",
    "Image Src": "images",
    "Handle": "id",
    "Option1 Name": "attribute 1 name",
    "Option1 Value": "attribute 1 value(s)",
}
_TAX = "tax class"


def _of_woocommerce(titles: Sequence[str], rows: Sequence[ForeignLine]) -> ForeignTable:
    """A variable product's line has no price, and its variations follow on lines of their own, by id or SKU."""
    named = {simple(title): title for title in titles}
    used = {
        *_WOO.values(),
        _TAX,
        "type",
        "parent",
        "short description",
        *(word for word in named if _WEIGHT.fullmatch(word)),
    }
    used |= {word for word in named if _ATTRIBUTE.fullmatch(word)}
    parents: dict[str, Cells] = {}
    for row in rows:
        if "variation" not in row.cells.get("type", ""):
            parents |= dict.fromkeys((f"id:{row.cells.get('id', '')}", row.cells.get("sku", "") or "-"), row.cells)
    handles = _handles([cells for row in rows if (cells := row.cells) and "variation" not in cells.get("type", "")])
    lines = []
    for row in rows:
        cells = row.cells
        own = parents.get(cells.get("parent", ""), cells) if "variation" in cells.get("type", "") else cells
        handle = handles.get(
            own.get("id", "") or own.get("sku", "") or own.get("name", ""), slugify(own.get("name", ""))
        )
        if own is cells:
            lines += _woo_product(row, handle)
        else:
            lines.append(ForeignLine(row.line, {"Handle": handle} | _woo_variant(cells, _attributes(own))))
    headings = {ours: named.get(theirs, theirs) for ours, theirs in _WOO.items()}
    headings |= {name: name for name in (*OPTION_NAMES, *OPTION_VALUES)}
    if _TAX in named:
        headings[TAX_CLASS] = named[_TAX]
    unused = [title for title in titles if simple(title) not in used and any(r.cells.get(simple(title)) for r in rows)]
    return ForeignTable(headings, lines, unused)


def _handles(products: Sequence[Cells]) -> dict[str, str]:
    """By id (or SKU, or name): of the name, with the id where another product has it too."""
    by_key: dict[str, str] = {}
    taken: set[str] = set()
    for cells in products:
        key = cells.get("id", "") or cells.get("sku", "") or cells.get("name", "")
        handle = slugify(cells.get("name", "")) or slugify(key)
        handle = f"{handle}-{slugify(key)}" if handle in taken else handle
        taken.add(handle)
        by_key[key] = handle
    return by_key


def _attributes(cells: Cells) -> list[str]:
    """The names of a product's options."""
    names = {int(m[1]): cells[m[0]] for m in map(_ATTRIBUTE.fullmatch, cells) if m and m[2] == "name" and cells[m[0]]}
    return [names[n] for n in sorted(names)][: len(OPTION_NAMES)]


def _woo_product(row: ForeignLine, handle: str) -> list[ForeignLine]:
    cells = row.cells
    texts = [cells.get(word, "").replace("\\n", "\n") for word in ("short description", "description")]
    first = {
        "Handle": handle,
        "Title": cells.get("name", ""),
        "Body (HTML)": "\n".join(text for text in texts if text),
        "Vendor": cells.get("brands", ""),
        "Type": cells.get("categories", "").split(",")[0].split(">")[-1].strip(),
        "Tags": cells.get("tags", ""),
        TAX_CLASS: cells.get(_TAX, ""),
        "Published": "TRUE" if cells.get("published", "1") in ("1", "") else "FALSE",
    }
    names = _attributes(cells)
    variable = "variable" in cells.get("type", "")
    if variable:
        first |= dict(zip(OPTION_NAMES, names, strict=False))
    else:
        first |= {name: text for name, text in _woo_variant(cells, []).items() if text or name == "Variant Price"}
    return with_pictures(ForeignLine(row.line, first), cells.get("images", ""))


def _woo_variant(cells: Cells, names: Sequence[str]) -> Cells:
    """`names`: of the parent's options, in their order."""
    regular, sale = cells.get("regular price", ""), cells.get("sale price", "")
    said = {
        cells[word]: cells.get(word.replace("name", "value(s)"), "")
        for word in cells
        if (m := _ATTRIBUTE.fullmatch(word)) and m[2] == "name" and cells[word]
    }
    return {
        "Variant SKU": cells.get("sku", ""),
        "Variant Barcode": cells.get("gtin, upc, ean, or isbn", ""),
        "Variant Price": sale or regular,
        "Variant Compare At Price": regular if sale else "",
        "Variant Inventory Qty": cells.get("stock", ""),
        "Variant Grams": _grams(cells),
        "Variant Image": (pictures_listed(cells.get("images", "")) or [""])[0] if names else "",
        **dict(zip(OPTION_VALUES, (said.get(name, "") or "Any" for name in names), strict=False)),
    }


def _grams(cells: Cells) -> str:
    for word, text in cells.items():
        unit = _WEIGHT.fullmatch(word)
        number = text.replace(",", ".")
        if unit and text:
            return (
                f"{float(number) * _GRAMS[unit[1]]:.6g}" if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", number) else text
            )
    return ""


def with_pictures(line: ForeignLine, cell: str) -> list[ForeignLine]:
    """A line for each picture, as our files have them."""
    files = pictures_listed(cell)
    product = {name: line.cells[name] for name in ("Handle", "Title") if name in line.cells}
    own = ForeignLine(line.line, line.cells | ({"Image Src": files[0]} if files else {}))
    return [own, *(ForeignLine(line.line, product | {"Image Src": file}) for file in files[1:])]


# --- Taobao -----------------------------------------------------------------------------------------------------------

_TAOBAO = MappingProxyType(
    {
        **{
            "宝贝名称": "title",
            "宝贝价格": "price",
            "宝贝数量": "num",
            "宝贝描述": "description",
            "商家编码": "outer_id",
        },
        **{"新图片": "picture", "销售属性组合": "skuprops", "销售属性别名": "propalias", "商品条形码": "barcode"},
        **{"宝贝类目": "cid", "自定义属性值": "inputcustomcpv"},
    }
)
_TAOBAO_SKU = re.compile(r"([0-9.]+):([0-9]+):([^:;]*):(-?[0-9]+):(-?[0-9]+)")
_TAOBAO_ALIAS = re.compile(r"(?<![0-9-])(-?[0-9]+:-?[0-9]+):([^;:]+)")
_TAOBAO_OF = {
    "Title": "title",
    "Body (HTML)": "description",
    "Variant SKU": "outer_id",
    "Variant Price": "price",
    "Variant Inventory Qty": "num",
    "Variant Barcode": "barcode",
    "Image Src": "picture",
}


def _of_taobao(titles: Sequence[str], rows: Sequence[ForeignLine]) -> ForeignTable:
    """The variants stand in one cell: price:quantity:code:property:value;property:value;... for each."""
    named = {_TAOBAO.get(simple(title), simple(title)): title for title in titles}
    lines: list[ForeignLine] = []
    for row in rows:
        cells = row.cells
        handle = slugify(cells.get("title", ""))
        shared = {ours: cells.get(theirs, "") for ours, theirs in _TAOBAO_OF.items() if theirs != "picture"}
        variants = _taobao_variants(cells)
        if not variants:
            lines += with_pictures(ForeignLine(row.line, shared | {"Handle": handle}), cells.get("picture", ""))
            continue
        names = dict(zip(OPTION_NAMES, variants[0][1], strict=False))
        first = {
            "Handle": handle,
            "Title": shared["Title"],
            "Body (HTML)": shared["Body (HTML)"],
            **names,
            **variants[0][0],
        }
        lines += with_pictures(ForeignLine(row.line, first), cells.get("picture", ""))
        lines += [ForeignLine(row.line, {"Handle": handle} | variant) for variant, _ in variants[1:]]
    headings = {ours: named.get(theirs, theirs) for ours, theirs in _TAOBAO_OF.items()} | {"Handle": "Handle"}
    headings |= dict.fromkeys((*OPTION_NAMES, *OPTION_VALUES), named["skuprops"])
    used = {*_TAOBAO_OF.values(), "skuprops", "propalias", "inputcustomcpv"}
    unused = [title for word, title in named.items() if word not in used and any(r.cells.get(word) for r in rows)]
    return ForeignTable(headings, lines, unused)


def _taobao_variants(cells: Cells) -> list[tuple[Cells, list[str]]]:
    """The cells of each variant, and the names of its options. A value without a name of its own shows its number."""
    said = ";".join((cells.get("propalias", ""), cells.get("inputcustomcpv", "")))
    alias = {match[1]: match[2] for match in _TAOBAO_ALIAS.finditer(said)}
    variants: list[tuple[Cells, list[str]]] = []
    options: list[tuple[str, str]] = []
    for part in [*cells.get("skuprops", "").split(";"), "end"]:
        sku = _TAOBAO_SKU.fullmatch(part)
        if (sku or part == "end") and options:
            values = [alias.get(f"{prop}:{value}", value) for prop, value in options]
            variants[-1][0].update(dict(zip(OPTION_VALUES, values, strict=False)))
            variants[-1][1].extend("颜色" if prop == _COLOUR else "尺码" for prop, _ in options)
        if sku:
            price, number, code, prop, value = sku.groups()
            variants.append(({"Variant Price": price, "Variant Inventory Qty": number, "Variant SKU": code}, []))
            options = [(prop, value)]
        elif variants and part.count(":") == 1:
            prop, _, value = part.partition(":")
            options.append((prop, value))
    return variants
