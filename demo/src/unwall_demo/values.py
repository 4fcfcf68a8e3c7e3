"""What the demo market is made of, before it is put into the database.

Money is in minor units of the merchant's currency, weights in grams, coordinates in degrees (WGS 84),
opening hours in the OpenStreetMap syntax. Every word stands in English and, as `*_zh`, in Simplified Chinese.
"""

from enum import StrEnum

from msgspec import Struct

from unwall.commerce.stock.values import NodeKind
from unwall.content.posts.values import PostKind


class Art(Struct, frozen=True):
    """One picture to draw: `artwork.picture` turns it into SVG, the same Art always into the same picture."""

    motif: str
    """which drawing, a key of `artwork.MOTIFS`"""
    brand: str
    """the merchant's slug, for the palette"""
    seed: int
    tint: str = "#b9a48a"
    form: str = ""
    """silhouette or shape within the motif"""
    pattern: str = ""
    """weave, label or weather within the motif"""
    view: str = ""
    """camera: the whole object, or nearer"""


class DemoImage(Struct, frozen=True):
    art: Art
    alt: str
    alt_zh: str
    shows: str = ""
    """the first option's value seen in it ("Oat"), or nothing when it serves every variant"""


class DemoMerchant(Struct, frozen=True):
    slug: str
    name: str
    name_zh: str
    tagline: str
    tagline_zh: str
    about: str
    about_zh: str
    palette: tuple[str, ...]
    """paper, ink, accent, second accent: hex colours"""
    follow_weight: float
    """share of all members who follow the account"""
    avatar: Art
    banner: Art
    mark: Art
    currency: str = "CNY"


class DemoCategory(Struct, frozen=True):
    merchant: str
    slug: str
    name: str
    name_zh: str


class DemoVariant(Struct, frozen=True):
    sku: str
    options: tuple[str, ...]
    options_zh: tuple[str, ...]
    price_minor: int
    compare_at_minor: int | None
    weight_g: int
    barcode: str
    """EAN-13 with a valid check digit, from the in-store range 20-29"""


class Season(StrEnum):
    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"
    ALL = "all"


class DemoProduct(Struct, frozen=True):
    slug: str
    merchant: str
    category: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    option_names: tuple[str, ...]
    option_names_zh: tuple[str, ...]
    variants: tuple[DemoVariant, ...]
    tags: tuple[str, ...]
    season: Season
    popularity: float
    """relative weight among the merchant's products, heavy-tailed, mean about 1"""
    images: tuple[DemoImage, ...]


class DemoBundle(Struct, frozen=True):
    slug: str
    merchant: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    products: tuple[str, ...]
    price_minor: int
    image: DemoImage


class DemoNode(Struct, frozen=True):
    code: str
    merchant: str
    kind: NodeKind
    name: str
    name_zh: str
    city: str
    city_zh: str
    lat: float
    lon: float
    address: str
    address_zh: str
    opening_hours: str
    capacity_per_day: int
    """orders it can pick in a day"""
    handling_cost_minor: int
    """what picking and packing one order costs here"""


class DemoTag(Struct, frozen=True):
    """A product pinned on a post's picture; x and y are fractions of its width and height."""

    product: str
    x: float
    y: float


class DemoPost(Struct, frozen=True):
    merchant: str
    slug: str
    kind: PostKind
    title: str
    title_zh: str
    body: str
    body_zh: str
    images: tuple[DemoImage, ...]
    tags: tuple[DemoTag, ...]
    days_ago: int
    hour: int
    """of the day in Asia/Shanghai"""


class DemoPlace(Struct, frozen=True):
    city: str
    city_zh: str
    lat: float
    lon: float
    weight: float
    """share of the members who live there, relative"""


class DemoMarket(Struct, frozen=True):
    seed: int
    merchants: tuple[DemoMerchant, ...]
    categories: tuple[DemoCategory, ...]
    products: tuple[DemoProduct, ...]
    bundles: tuple[DemoBundle, ...]
    nodes: tuple[DemoNode, ...]
    posts: tuple[DemoPost, ...]
    places: tuple[DemoPlace, ...]
