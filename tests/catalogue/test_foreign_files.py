"""Product files that other systems write."""

import pytest

from unwall.catalogue import rules
from unwall.catalogue.product_file.drafts import DraftReader, FileProduct
from unwall.catalogue.product_file.rows import ProductFile, parse
from unwall.catalogue.values import ProductStatus

WOO = """\
ID,Type,SKU,Name,Published,Is featured?,Short description,Description,Stock,Weight (kg),Sale price,Regular price,\
Categories,Tags,Images,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)
10,simple,MUG-1,Mug,1,0,Short,<p>Long</p>,5,0.35,8.00,10.00,Kitchen > Mugs,"a, b",\
"https://e.com/1.jpg, https://e.com/2.jpg",,,,,
11,variable,TEE,Tee,-1,0,,Soft,,0.2,,,Clothes,,https://e.com/t.jpg,,Size,"S, M",Colour,Red
12,variation,TEE-S,Tee - S,1,0,,,3,0.2,,20,,,,TEE,Size,S,Colour,Red
13,variation,TEE-M,Tee - M,1,0,,,4,0.2,18,20,,,,id:11,Size,M,Colour,
14,simple,MUG-2,Mug,1,0,,,1,,,9,,,,,,,,
"""
TAOBAO = (
    "version 1.00\n"
    "title\tcid\tprice\tnum\tdescription\tpicture\touter_id\tskuProps\tpropAlias\n"
    "宝贝名称\t宝贝类目\t宝贝价格\t宝贝数量\t宝贝描述\t新图片\t商家编码\t销售属性组合\t销售属性别名\n"
    "红茶杯\t50012345\t39.00\t12\t<p>好杯</p>\ta1b2:1:0:|https://img.alicdn.com/a.jpg;c3:1:1:|https://img.alicdn.com/b.jpg;"
    "\tCUP\t39:5:CUP-R:1627207:28326;20509:28314;45:7:CUP-B:1627207:28338;20509:28314;\t1627207:28326:红色;20509:28314:大\n"
    "盘子\t50012345\t20.00\t3\t\t\tDISH\t\t\n"
)


def read(text: str, currency: str = "USD") -> tuple[ProductFile, dict[str, FileProduct]]:
    file = parse(text)
    reader = DraftReader(file, currency, "")
    return file, {handle: reader.entry(handle, None) for handle in file.groups}


def variants(entry: FileProduct) -> list[tuple]:
    return [(v.sku, v.price, v.compare_at, v.options, v.weight_g) for v in rules.tidy(entry.draft).variants]


def test_a_file_of_woocommerce():
    file, products = read(WOO)
    mug, tee, other = products["mug"], products["tee"], products["mug-14"]
    assert (file.errors, file.changes, file.ignored) == ([], [], ("Is featured?",))
    assert (mug.draft.title, mug.draft.category, mug.draft.tags) == ("Mug", "Mugs", ("a", " b"))
    assert mug.draft.description == "Short\n<p>Long</p>"
    assert (variants(mug), mug.quantities) == ([("MUG-1", 800, 1000, (), 350)], [5])
    assert [image.file for image in mug.draft.images] == ["https://e.com/1.jpg", "https://e.com/2.jpg"]
    assert (tee.draft.option_names, tee.draft.status) == (("Size", "Colour"), ProductStatus.DRAFT)
    assert variants(tee) == [("TEE-S", 2000, None, ("S", "Red"), 200), ("TEE-M", 1800, 2000, ("M", "Any"), 200)]
    assert tee.quantities == [3, 4]
    assert variants(other) == [("MUG-2", 900, None, (), 0)]


def test_the_tax_class_of_woocommerce_is_the_products():
    head, mug, *others = WOO.splitlines()
    taxed = "\n".join([f"{head},Tax class", f"{mug},Reduced rate", *(f"{line},parent" for line in others)])
    file, products = read(taxed)
    assert (file.errors, file.changes, file.ignored) == ([], [], ("Is featured?",))
    assert [rules.tidy(products[handle].draft).tax_class for handle in ("mug", "tee")] == ["reduced-rate", "parent"]


def test_a_price_that_is_wrong_there_names_the_files_own_column():
    file, _ = read(WOO.replace(",20,,,,TEE", ",none,,,,TEE"))
    assert [(e.line, e.column, e.sku) for e in file.errors] == [(4, "Regular price", "TEE-S")]


def test_a_file_of_taobao():
    file, products = read(TAOBAO, "CNY")
    cup, dish = (products[handle] for handle in ("红茶杯", "盘子"))
    assert (file.errors, file.ignored) == ([], ("宝贝类目",))
    assert cup.draft.option_names == ("颜色", "尺码")
    assert variants(cup) == [("CUP-R", 3900, None, ("红色", "大"), 0), ("CUP-B", 4500, None, ("28338", "大"), 0)]
    assert cup.quantities == [5, 7]
    assert [image.file[-5:] for image in cup.draft.images] == ["a.jpg", "b.jpg"]
    assert (variants(dish), dish.quantities) == ([("DISH", 2000, None, (), 0)], [3])


@pytest.mark.parametrize(
    "text",
    [
        "商品名称,商品编码,价格,库存,商品图片\n红茶,TEA-1,￥39.90,12,https://e.com/a.jpg\n",
        "宝贝名称;商家编码;宝贝价格;宝贝数量;新图片\n红茶;TEA-1;39,90;12;https://e.com/a.jpg\n",
        "Name,SKU,Price,Stock,Image\n红茶,TEA-1,39.90,12,https://e.com/a.jpg\n",
        "sep=;\nBezeichnung;Artikelnummer;Preis;Bestand;Bild\n红茶;TEA-1;39,90;12;https://e.com/a.jpg\n",
        "Our shop\n\n\u00a0PRODUCT  NAME* ,Item number:,Selling price,QTY,Image URL\n红茶,TEA-1,39.9,12,https://e.com/a.jpg\n",
        "Title,Name,SKU,Price,Stock,Image Src\n红茶,Another,TEA-1,39.9,12,https://e.com/a.jpg\n",
    ],
)
def test_headings_in_other_words_are_known(text: str):
    file, products = read(text, "CNY")
    [tea] = products.values()
    assert (file.errors, tea.draft.title, variants(tea)) == ([], "红茶", [("TEA-1", 3990, None, (), 0)])
    assert (tea.quantities, [image.file for image in tea.draft.images]) == ([12], ["https://e.com/a.jpg"])


def test_several_pictures_in_a_cell_come_in():
    _, products = read(
        'Title,SKU,Price,Images\nTea,T,1,"https://e.com/a,b.jpg?c=1|https://e.com/2.jpg; https://e.com/3.jpg"\n'
    )
    assert [image.file[14:] for image in products["tea"].draft.images] == ["a,b.jpg?c=1", "2.jpg", "3.jpg"]


def test_a_file_without_titles_says_so():
    assert [e.column for e in parse("SKU,Price\nT,1\n").errors] == ["Title"]
