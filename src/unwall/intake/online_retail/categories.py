"""O18: the category of a product from the words of its title. The first category with a matching word wins, so narrow
categories come first.
"""

import re

_WORDS = {
    "Christmas": "advent baubles? christmas noel reindeer robin santa snowm[ae]n xmas",
    "Bags and cases": "backpack bags? cases? handbag luggage passport purse rucksack satchel shopper shoulder "
    "wallet washbag",
    "Jewellery and accessories": "bangle beads? bracelet brooch charm diamante earrings? gloves? hair "
    "hairclips? hat jewellery key keyring necklace necklet pendant phone ring scarf sunglasses tiara umbrella",
    "Candles and lights": "bulbs? candle\\w* chandelier incense lamps? lampshade lanterns? lights? nightlight "
    "t-?lights? tea-?lights? votive",
    "Kitchen and table": "apron baking beaker biscuit bottles? bowls? bread butter cakes? cakestand chopsticks? "
    "coasters? cocktail coffee container cookie cream cups? cutlery cutters? decanter dinner dish "
    "doil(?:e?y|ies) drink egg food fork glass(?:es)? goblet jam jars? jug kitchen knife lunch measuring "
    "moulds? mugs? napkins? oven pan pantry picnic placemats? plates? popcorn pot recipe salt saucers? scales "
    "snack spoons? straws? sugar tablecloth tea teacup teapot tins? toast towels? trays? tumbler tureen wine",
    "Cards and paper": "album books? calendar cards? chalk chalkboard crayons? diary envelopes? erasers? "
    "journal letters? notebook notes? organiser paper pencils? pens? postcard ribbons? ruler sketchbook stamps? "
    "stationery stencils? stickers? tags? tape tissues? wrap",
    "Toys and games": "baby balloons? boys? bunting childrens? childs circus craft dinosaur doll\\w* dominoes? "
    "felt\\w* games? girls? harmonica helicopter inflatable jigsaw kids? knitting magic mask paint party "
    "playhouse puzzles? racing robots? rocket rope sewing skipping soldiers? spaceboy spinning teddy toys? "
    "trumpet yoyo",
    "Garden": "birdhouse deckchair flowerpot garden gardeners? hammock herb outdoor parasol plant planter "
    "seeds? secateurs trellis trowel watering wellington windmills?",
    "Clocks, frames and signs": "board canvas clocks? corkboard frames? magnets? memoboard mirrors? photo "
    "picture plaque poster print signs? thermometer",
    "Cushions and textiles": "bedspread blanket curtain cushions? doormat fabric hottie mat pillow quilt rug "
    "slippers? socks? throw",
    "Furniture and storage": "baskets? bin box(?:es)? bucket cabinet chair chest coat crate cupboard door "
    "doorstop drawers? hangers? holders? hooks? knobs? rack shel(?:f|ves) stand stool storage suitcase table "
    "tidy trinket trunk",
}
REST = "Decorations and gifts"
TITLES = (*_WORDS, REST)
_PATTERNS = [(title, re.compile(rf"\b(?:{words.replace(' ', '|')})\b", re.I)) for title, words in _WORDS.items()]


def category_of(title: str) -> str:
    return next((category for category, pattern in _PATTERNS if pattern.search(title)), REST)
