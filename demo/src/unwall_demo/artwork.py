"""Every picture of the demo market: an `Art` in, a standalone SVG out; the same Art, the same bytes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from unwall_demo import accessories, garments, marks, scenes, sets, skincare_art, teatable, wardrobe
from unwall_demo.values import Art

Drawing = Callable[[Art], str]

MOTIFS: Mapping[str, Drawing] = MappingProxyType(
    dict.fromkeys(garments.CUTS, wardrobe.garment)
    | {"bag": accessories.bag, "shoe": accessories.shoe, "scarf": accessories.scarf}
    | dict.fromkeys(teatable.THINGS, teatable.tea)
    | dict.fromkeys(skincare_art.THINGS, skincare_art.skin)
    | dict.fromkeys(scenes.PLACES, scenes.place)
    | dict.fromkeys(sets.SETS, sets.staged)
    | {"mark": marks.mark, "avatar": marks.avatar, "banner": marks.banner}
)


def picture(art: Art) -> str:
    """800 x 1000 units for products and posts; 800 x 800 for marks and avatars, 1600 x 640 for banners."""
    return MOTIFS[art.motif](art)
