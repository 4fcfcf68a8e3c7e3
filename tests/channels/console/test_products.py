"""Products: lists, the editor, pictures and the catalogue as a file."""

import csv
import io
from uuid import UUID

import asyncpg
import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form, picture
from tests.html import every, texts, words
from unwall.catalogue import actions, merchant_reads
from unwall.catalogue.off_sale import put_back_on_sale, take_off_sale
from unwall.catalogue.product_import import csv_import
from unwall.catalogue.rules import MAX_IMAGES, MAX_OPTIONS, MAX_VARIANTS
from unwall.catalogue.values import ProductDraft, ProductStatus, VariantDraft
from unwall.channels.http.request_limits import MAX_FORM_PARTS
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Reported, ReportReason, Subject, SubjectKind, Verdict
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.media.values import Image
from unwall.people import reads as people_reads
from unwall.usecases import moderate

EDITOR = 'id="variants-part"'
NEW = "/console/products/new"


async def opened(site: ConsoleSite, url: str = NEW) -> dict[str, str]:
    return form((await site.get(url)).text, EDITOR)


@pytest.fixture
async def coat(site: ConsoleSite, db: Database) -> str:
    """The address of a coat in two sizes, with Chinese words and two pictures."""
    variants = (
        VariantDraft(sku="COAT-S", options=("S",), price=128000, compare_at=150000, barcode="690", weight_g=900),
        VariantDraft(sku="COAT-M", options=("M",), price=132000),
    )
    images = (Image("aa/front.webp", "Front", 800, 1000), Image("aa/back.webp", "Back", 800, 1000))
    draft = ProductDraft(
        "Wool coat", variants, description="<p>Warm.</p>", option_names=("Size",), images=images, tags=("wool",)
    )
    async with db.transaction() as conn:
        return f"/console/products/{await actions.save_product(conn, site.market.merchant, draft)}"


async def saved(site: ConsoleSite, url: str) -> ProductDraft:
    async with site.db.read() as conn:
        found = await merchant_reads.draft(conn, site.market.merchant, url.rpartition("/")[2])
    assert found
    return found


async def test_the_list_shows_products_with_their_prices(site: ConsoleSite, coat: str) -> None:
    page = (await site.get("/console/products")).text
    assert texts(page, ".with-thumb") == ["Wool coat", "Longjing", "Silk scarf"]
    assert "CN¥1,280 – CN¥1,320" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=coat-m", ["Wool coat"]),
        ("q=690", ["Wool coat"]),
        ("q=scarf", ["Silk scarf"]),
        ("status=draft", []),
        ("q=nothing", []),
    ],
)
async def test_the_list_is_searched_and_filtered(site: ConsoleSite, coat: str, query: str, found: list[str]) -> None:
    page = (await site.get(f"/console/products?{query}")).text
    assert texts(page, ".with-thumb") == found


async def test_saving_what_was_opened_changes_nothing(site: ConsoleSite, coat: str) -> None:
    before = await saved(site, coat)
    answer = await site.post(coat, await opened(site, coat) | {"do": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, coat)
    assert await saved(site, coat) == before


async def test_a_product_is_made_once_with_its_words_prices_and_picture(site: ConsoleSite) -> None:
    fields = await opened(site) | {"do": "upload", "title": "Linen shirt"}
    shown = await site.post(NEW, fields, files=[("pictures", ("a.png", picture(), "image/png"))])
    fields = form(shown.text, EDITOR)
    fields |= {
        "do": "save",
        "status": "active",
        "category": "Shirts",
        "tags": "linen, summer",
        "vendor": "Liu Yun",
        "translations.zh.title": "亚麻衬衫",
        "option_names.0.name": "Size",
        "variants.0.option0": "M",
        "variants.0.sku": "SHIRT-M",
        "variants.0.price": "399.50",
        "variants.0.compare_at": "450",
        "variants.0.weight_g": "210",
    }
    first, again = await site.post(NEW, fields), await site.post(NEW, fields)
    assert first.status_code == again.status_code == 303
    product = await saved(site, first.headers["location"])
    assert (product.title, product.slug, product.status, product.category) == (
        "Linen shirt",
        "linen-shirt",
        ProductStatus.ACTIVE,
        "Shirts",
    )
    assert (product.tags, product.translations["zh"].title) == (("linen", "summer"), "亚麻衬衫")
    [variant] = product.variants
    assert (variant.sku, variant.options, variant.price, variant.compare_at, variant.weight_g) == (
        "SHIRT-M",
        ("M",),
        39950,
        45000,
        210,
    )
    assert [(i.alt, i.width, i.height) for i in product.images] == [("Linen shirt", 40, 50)]
    assert await site.value("SELECT count(*) FROM product WHERE slug = 'linen-shirt'") == 1
    assert "Linen shirt" in (await site.get("/m/liu-yun/p/linen-shirt")).text


WRONG = [
    ({"title": ""}, "f-title", "Give the product a title."),
    ({"variants.0.price": "12 50"}, "v-0-price", "Write an amount such as 12.50."),
    ({"variants.0.price": "12.505"}, "v-0-price", "The currency has fewer digits after the point."),
    ({"variants.1.sku": "COAT-S"}, "v-1-sku", None),
    ({"variants.1.sku": "TEA"}, "v-1-sku", None),
    ({"variants.0.weight_g": "heavy"}, "v-0-weight_g", "Write a whole number."),
    ({"variants.0.compare_at": "1.00"}, "v-0-compare_at", None),
    ({"status": "sold"}, "f-status", "Choose one of the states."),
    ({"images.0.file": "../x"}, "f-image-0", None),
    ({"images.0.file": "aa/never.webp"}, "f-image-0", None),
    ({"images.0.file": "https://elsewhere.example/x.webp"}, "f-image-0", None),
]


@pytest.mark.parametrize(("wrong", "field", "message"), WRONG)
async def test_a_wrong_field_is_named_and_nothing_saved(
    site: ConsoleSite, coat: str, wrong: dict[str, str], field: str, message: str | None
) -> None:
    before = await saved(site, coat)
    answer = await site.post(coat, await opened(site, coat) | {"vendor": "Kept", "do": "save"} | wrong)
    assert answer.status_code == 422
    found = errors(answer.text)
    assert list(found) == [field]
    assert message is None or found[field] == message
    shown = form(answer.text, EDITOR)
    assert shown["vendor"] == "Kept"
    assert {name: shown[name] for name in wrong if name != "status"} == {
        n: v for n, v in wrong.items() if n != "status"
    }
    assert await saved(site, coat) == before


async def test_variants_are_added_and_taken_out_before_anything_is_saved(site: ConsoleSite, coat: str) -> None:
    before = await saved(site, coat)
    fields = form((await site.post(coat, await opened(site, coat) | {"do": "add"})).text, EDITOR)
    assert (fields["variants.2.sku"], fields["variants.2.price"]) == ("", "1320.00")
    fields = form((await site.post(coat, fields | {"do": "drop:0"})).text, EDITOR)
    assert (fields["variants.0.sku"], "variants.2.sku" in fields) == ("COAT-M", False)
    assert await saved(site, coat) == before
    fields |= {"variants.1.sku": "COAT-L", "variants.1.option0": "L", "do": "save"}
    assert (await site.post(coat, fields)).status_code == 303
    kept = {variant.sku: variant.active for variant in (await saved(site, coat)).variants}
    assert kept == {"COAT-M": True, "COAT-L": True, "COAT-S": False}


async def test_pictures_change_their_order_and_go(site: ConsoleSite, coat: str) -> None:
    fields = form((await site.post(coat, await opened(site, coat) | {"do": "first:1"})).text, EDITOR)
    fields = form((await site.post(coat, fields | {"do": "unpicture:1"})).text, EDITOR)
    await site.post(coat, fields | {"do": "save"})
    assert [image.alt for image in (await saved(site, coat)).images] == ["Back"]


async def test_what_is_no_picture_is_told(site: ConsoleSite, coat: str) -> None:
    before = await saved(site, coat)
    upload = ("pictures", ("a.png", b"nothing", "image/png"))
    answer = await site.post(coat, await opened(site, coat) | {"do": "save"}, files=[upload])
    assert answer.status_code == 422
    assert "This is not a picture we can read" in answer.text
    assert await saved(site, coat) == before


async def test_stopping_to_sell_is_undone(site: ConsoleSite, coat: str) -> None:
    assert (await site.post(f"{coat}/archive")).status_code == 303
    assert (await saved(site, coat)).status is ProductStatus.ARCHIVED
    toast = form((await site.get("/console/products")).text, f"{coat}/unarchive")
    assert (await site.post(f"{coat}/unarchive", toast)).headers["location"] == coat
    assert (await saved(site, coat)).status is ProductStatus.ACTIVE


async def test_what_a_moderator_has_taken_off_sale_is_sold_by_nothing_until_an_appeal_succeeds(
    site: ConsoleSite, coat: str
) -> None:
    product_id, first, second = UUID(coat.rpartition("/")[2]), operator("root"), operator("mei")
    subject = Subject(SubjectKind.PRODUCT, product_id)
    async with site.db.transaction() as conn:
        await moderation.submit(conn, Reported(subject), now())
        case = await case_of(conn, subject)
    assert case
    assert (await site.post(f"{coat}/appeal", {"words": "Ours"})).status_code == 409
    drop = Verdict(Action.DROP, ReportReason.COUNTERFEIT)
    await moderate.decide(site.db, first, [case.id], drop, now())

    fields = await opened(site, coat)
    sold = await site.post(coat, fields | {"status": "active", "do": "save"})
    assert sold.status_code == 422
    assert "A moderator has taken this product off sale" in sold.text
    assert (await site.post(f"{coat}/unarchive", {"status": "active"})).status_code == 422
    file = (await site.get("/console/products.csv")).text.lstrip("\ufeff").replace("archived", "active")
    exported = file.replace("FALSE,active", "TRUE,active").replace(",FALSE,", ",TRUE,")
    async with site.db.confined(site.market.merchant) as conn:
        merchant = await people_reads.merchant(conn, site.market.merchant, "")
        report = await csv_import(conn, merchant, exported, files_url="")
    assert "A moderator has taken this product off sale" in " ".join(one.message for one in report.errors)
    with pytest.raises(asyncpg.CheckViolationError):
        async with site.db.transaction() as conn:
            await conn.execute("UPDATE product SET status = 'active' WHERE id = $1", product_id)
    assert (await saved(site, coat)).status is ProductStatus.ARCHIVED
    changed = await site.post(coat, fields | {"title": "Another coat", "do": "save"})  # as it may be mended
    assert changed.status_code == 303

    appeal = form((await site.get(coat)).text, f"{coat}/appeal")
    assert (await site.post(f"{coat}/appeal", appeal | {"words": "It is genuine."})).status_code == 303
    assert "Your appeal is waiting" in (await site.get(coat)).text
    await moderate.decide(site.db, second, [case.id], Verdict(Action.RESTORE), now())
    restored = await saved(site, coat)
    assert (restored.status, restored.title) == (ProductStatus.ACTIVE, "Another coat")
    assert "moderator" not in (await site.get(coat)).text


async def test_what_was_not_on_sale_is_not_put_on_sale_by_a_moderator(site: ConsoleSite, coat: str) -> None:
    product_id = UUID(coat.rpartition("/")[2])
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE product SET status = 'draft' WHERE id = $1", product_id)
        await take_off_sale(conn, product_id)
        await take_off_sale(conn, product_id)
        await put_back_on_sale(conn, product_id)
    assert (await saved(site, coat)).status is ProductStatus.DRAFT


async def test_a_product_that_is_taken_off_while_it_is_saved_is_not_sold(
    site: ConsoleSite, coat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_id, check = UUID(coat.rpartition("/")[2]), actions.off_sale_errors
    draft = await saved(site, coat)

    async def rival(*args):
        errors = await check(*args)
        async with site.db.transaction() as conn:
            await take_off_sale(conn, product_id)
        return errors

    monkeypatch.setattr(actions, "off_sale_errors", rival)
    with pytest.raises(Invalid) as refused:
        async with site.db.transaction() as conn:
            await actions.save_product(conn, site.market.merchant, draft)
    assert list(refused.value.by_field()) == ["status"]
    assert (await saved(site, coat)).status is ProductStatus.ARCHIVED


async def test_a_form_under_a_rivals_id_makes_nothing(site: ConsoleSite) -> None:
    fields = await opened(site) | {
        "id": str(site.rival.product),
        "title": "Mine",
        "variants.0.sku": "MINE",
        "do": "save",
    }
    before = await site.counts()
    assert (await site.post(NEW, fields)).status_code == 404
    assert (
        await site.post(NEW, fields | {"id": str(new_id()), "variants.0.id": str(site.rival.variant)})
    ).status_code == 404
    assert await site.counts() == before
    assert await site.value("SELECT title FROM product WHERE id = $1", site.rival.product) == "Secret gown"


# --- as a file --------------------------------------------------------------------------------------------------------

SHEET = (
    "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\ncup,White cup,CUP,88.00,7\nbowl,Bowl,BOWL,120,0\n"
)


async def bring(site: ConsoleSite, text: str | bytes, **fields: str):
    data = text if isinstance(text, bytes) else text.encode()
    return await site.post("/console/products/import", fields, files=[("file", ("p.csv", data, "text/csv"))])


async def test_a_file_comes_in_and_twice_changes_nothing(site: ConsoleSite) -> None:
    first, again = await bring(site, SHEET), await bring(site, SHEET)
    assert first.status_code == again.status_code == 200
    assert "New: 2. Changed: 0. Unchanged: 0." in first.text
    assert "New: 0. Changed: 0. Unchanged: 2." in again.text
    assert await site.value("SELECT price FROM variant WHERE sku = 'CUP'") == 8800
    assert (
        await site.value("SELECT count(*) FROM stock_ledger l JOIN variant v ON v.id = l.variant_id WHERE sku = 'CUP'")
        == 0
    )


async def test_a_file_sets_the_stock_of_a_chosen_place(site: ConsoleSite) -> None:
    node = str(site.market.bund)
    for _ in range(2):
        assert (await bring(site, SHEET, node=node)).status_code == 200
    on_hand = (
        "SELECT on_hand FROM stock_level l JOIN variant v ON v.id = l.variant_id WHERE sku = 'CUP' AND node_id = $1"
    )
    assert await site.value(on_hand, site.market.bund) == 7
    assert await site.value("SELECT count(*) FROM stock_ledger WHERE reason = 'count'") == 1


async def test_a_rivals_place_takes_no_stock_and_nothing_comes_in(site: ConsoleSite) -> None:
    before = await site.counts()
    answer = await bring(site, SHEET, node=str(site.rival.node))
    assert answer.status_code == 422
    assert await site.counts() == before


async def test_each_wrong_cell_is_named_and_nothing_comes_in(site: ConsoleSite) -> None:
    before = await site.counts()
    answer = await bring(site, SHEET.replace("88.00", "cheap").replace(",BOWL,120", ",CUP,-1"))
    assert answer.status_code == 422
    cells = [(words(row.css("th")[0]), words(row.css("td")[1])) for row in every(answer.text, "tbody tr")]
    assert cells == [("2", "Variant Price"), ("3", "Variant Price"), ("3", "Variant SKU")]
    assert await site.counts() == before


@pytest.mark.parametrize(("data", "message"), [(b"", "Choose a CSV file."), (b"\0\xff\x81", "The file is not text")])
async def test_what_is_no_file_is_told(site: ConsoleSite, data: bytes, message: str) -> None:
    answer = await bring(site, data) if data else await site.post("/console/products/import", {"node": ""})
    assert answer.status_code == 422
    assert errors(answer.text)["f-file"].startswith(message)


async def test_what_goes_out_comes_in_unchanged(site: ConsoleSite, coat: str) -> None:
    text = (await site.get("/console/products.csv")).text
    handles = {row["Handle"] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
    assert handles == {"scarf", "tea", "wool-coat"}
    answer = await bring(site, text)
    assert answer.status_code == 200
    assert "New: 0. Changed: 0." in answer.text


async def test_a_product_of_2048_variants_is_opened_and_saved(site: ConsoleSite, db: Database) -> None:
    sizes = [(f"S{n % 13}", f"C{n // 13 % 13}", f"F{n // 169}") for n in range(MAX_VARIANTS)]
    variants = tuple(VariantDraft(sku=f"SH-{n}", options=size, price=2000) for n, size in enumerate(sizes))
    async with db.transaction() as conn:
        draft = ProductDraft("Shirt", variants, option_names=("Size", "Colour", "Fit"))
        url = f"/console/products/{await actions.save_product(conn, site.market.merchant, draft)}"
    before = await saved(site, url)

    fields = await opened(site, url) | {"variants.2047.price": "21.50", "do": "save"}
    answer = await site.post(url, fields, files={"pictures": ("", b"")})

    assert (answer.status_code, errors(answer.text)) == (303, {})
    *same, changed = (await saved(site, url)).variants
    assert same == list(before.variants[:-1])
    assert changed.price == 2150


def test_the_largest_form_is_one_that_is_accepted() -> None:
    fields_of_variant, fields_of_picture, other_fields = 7 + MAX_OPTIONS, 5, 100
    assert MAX_VARIANTS * fields_of_variant + MAX_IMAGES * fields_of_picture + other_fields < MAX_FORM_PARTS


async def test_an_export_in_parts_is_the_whole_file(
    site: ConsoleSite, coat: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await site.get("/console/products.csv")).text
    monkeypatch.setattr(merchant_reads, "PRODUCTS_AT_ONCE", 1)
    parts = await site.get("/console/products.csv")
    assert parts.text == whole
    assert parts.headers["content-disposition"] == 'attachment; filename="products.csv"'
    lines = list(csv.DictReader(io.StringIO(whole.removeprefix("\ufeff"))))
    assert [line["Handle"] for line in lines if line["Title"]] == ["scarf", "tea", "wool-coat"]
