"""The limits of what programs send, for the API's description: by the name of the schema and the field, from the rules
that refuse what is beyond them. What no schema can say (a telephone number, a SKU that is taken) gets a 422."""

from typing import Any

from unwall.catalogue import bundle_rules, texts
from unwall.catalogue import rules as catalogue
from unwall.channels.api.callers import PLACE_DEGREES
from unwall.commerce.orders import rules as orders
from unwall.commerce.stock import rules as stock
from unwall.content.posts import rules as posts
from unwall.content.questions import rules as questions
from unwall.content.reviews import rules as reviews
from unwall.insight.attribution.rules import MAX_REPORT_DAYS
from unwall.kernel.files import MAX_KEY_CHARACTERS
from unwall.kernel.typed import MAX_EMAIL_CHARACTERS
from unwall.media.rules import MAX_STATED_SIDE_PIXELS
from unwall.people import rules as people

Json = dict[str, Any]
"""As OpenAPI defines it."""

CURSOR: Json = {"type": "string", "pattern": "^([A-Za-z0-9_-]{22})?$"}
OTHER_CURSORS: dict[str, Json] = {
    "/search": {"type": "string", "pattern": "^([A-Za-z0-9_-]{28})?$"},
    "/promotions/{promotion_id}/codes": {"type": "string", "pattern": "^([A-Z0-9-]{3,40})?$"},
}
"""By the end of the path."""


def text(most: int, least: int = 0) -> Json:
    return {"minLength": least, "maxLength": most} if least else {"maxLength": most}


def whole(least: int, most: int) -> Json:
    return {"minimum": least, "maximum": most}


def several(most: int, least: int = 0) -> Json:
    return {"minItems": least, "maxItems": most} if least else {"maxItems": most}


_LINE = text(catalogue.MAX_LINE_CHARACTERS)
_TITLE = text(catalogue.MAX_LINE_CHARACTERS, 1)
_UNITS = whole(1, orders.MAX_UNITS_PER_LINE)
FIELDS: dict[str, dict[str, Json]] = {
    "ProductDraft": {
        "title": _TITLE,
        "slug": _LINE,
        "vendor": _LINE,
        "category": _LINE,
        "taxonomy": _LINE,
        "tax_class": _LINE,
        "description": text(catalogue.MAX_DESCRIPTION_CHARACTERS),
        "variants": several(catalogue.MAX_VARIANTS, 1),
        "images": several(catalogue.MAX_IMAGES),
        "tags": several(catalogue.MAX_PRODUCT_TAGS),
        "option_names": several(catalogue.MAX_OPTIONS),
    },
    "VariantDraft": {
        "sku": _TITLE,
        "price": whole(0, catalogue.MAX_PRICE_MINOR_UNITS),
        "weight_g": whole(0, catalogue.MAX_WEIGHT_GRAMS),
        "options": several(catalogue.MAX_OPTIONS),
    },
    "ProductTranslation": {"title": _LINE, "description": text(catalogue.MAX_DESCRIPTION_CHARACTERS)},
    "Image": {
        "file": text(texts.MAX_FILE_CHARACTERS, 1),
        "alt": text(catalogue.MAX_ALT_CHARACTERS),
        "width": whole(1, MAX_STATED_SIDE_PIXELS),
        "height": whole(1, MAX_STATED_SIDE_PIXELS),
    },
    "BundleDraft": {"title": _TITLE, "slug": _LINE, "parts": several(bundle_rules.MAX_BUNDLE_PARTS, 1)},
    "BundlePartDraft": {"quantity": whole(1, bundle_rules.MAX_UNITS_PER_BUNDLE_PART)},
    "PostDraft": {
        "title": text(posts.MAX_TITLE_CHARACTERS),
        "body": text(posts.MAX_BODY_CHARACTERS),
        "media": several(posts.MAX_PICTURES),
        "tags": several(posts.MAX_TAGS),
    },
    "PostTranslation": {"title": text(posts.MAX_TITLE_CHARACTERS), "body": text(posts.MAX_BODY_CHARACTERS)},
    "Media": {
        "file": text(MAX_KEY_CHARACTERS, 1),
        "alt": text(posts.MAX_ALT_CHARACTERS),
        "width": whole(1, MAX_STATED_SIDE_PIXELS),
        "height": whole(1, MAX_STATED_SIDE_PIXELS),
    },
    "ReviewDraft": {
        "stars": whole(min(reviews.STARS), max(reviews.STARS)),
        "words": text(reviews.MAX_WORDS_CHARACTERS),
        "author": text(people.MAX_AUTHOR_CHARACTERS, 1),
        "pictures": several(reviews.MAX_PICTURES),
    },
    "Said": {"words": text(questions.MAX_WORDS_CHARACTERS, 1), "author": text(people.MAX_AUTHOR_CHARACTERS, 1)},
    "AnswerBody": {"words": text(reviews.MAX_ANSWER_CHARACTERS)},
    "QuestionAnswer": {"words": text(questions.MAX_WORDS_CHARACTERS, 1)},
    "NewLine": {"quantity": _UNITS},
    "Quantity": {"quantity": whole(0, orders.MAX_UNITS_PER_LINE)},
    "StockChange": {"lines": several(stock.MAX_STOCK_LINES, 1)},
    "SignInBody": {"email": text(MAX_EMAIL_CHARACTERS), "password": text(people.PASSWORD_CHECKED_CHARACTERS)},
}
QUERY: dict[str, Json] = {
    "quantity": _UNITS,
    "days": whole(1, MAX_REPORT_DAYS),
    **{name: whole(-most, most) for name, most in PLACE_DEGREES.items()},
}


def with_limits(schemas: dict[str, Json]) -> dict[str, Json]:
    return {name: _limited(schema, FIELDS.get(name, {})) for name, schema in schemas.items()}


def _limited(schema: Json, fields: dict[str, Json]) -> Json:
    if not fields:
        return schema
    properties = schema["properties"]
    return {**schema, "properties": properties | {name: properties[name] | fields[name] for name in fields}}


def limited_parameter(path: str, parameter: Json) -> Json:
    """A parameter of an address; a cursor is text and nothing else, since an address has no null."""
    name = parameter["name"]
    if name == "after":
        schema = next((one for ending, one in OTHER_CURSORS.items() if path.endswith(ending)), CURSOR)
        return {**parameter, "required": False, "schema": schema}
    if parameter["in"] == "query" and name in QUERY:
        return {**parameter, "schema": parameter["schema"] | QUERY[name]}
    return parameter
