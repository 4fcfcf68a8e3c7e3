"""The columns of a product file, by their old and newer headings."""

OPTION_NAMES = ("Option1 Name", "Option2 Name", "Option3 Name")
OPTION_VALUES = ("Option1 Value", "Option2 Value", "Option3 Value")
OPTIONS = tuple(heading for pair in zip(OPTION_NAMES, OPTION_VALUES, strict=True) for heading in pair)
TAX_CLASS = "Tax Class"
"""Ours: Shopify's file has no such column, WooCommerce's has."""
SAME_EVERYWHERE = {
    "Variant Inventory Policy": "deny",
    "Variant Fulfillment Service": "manual",
    "Variant Requires Shipping": "TRUE",
    "Variant Taxable": "TRUE",
    "Gift Card": "FALSE",
    "Variant Weight Unit": "g",
}
"""Columns that Shopify requires and that have a fixed value here; other values in them are reported and not stored."""

HEADINGS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", *OPTIONS),
    *("Variant SKU", "Variant Grams", "Variant Inventory Qty", "Variant Inventory Policy"),
    *("Variant Fulfillment Service", "Variant Price", "Variant Compare At Price", "Variant Requires Shipping"),
    *("Variant Taxable", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "Gift Card"),
    *("Variant Image", "Variant Weight Unit", "Status", TAX_CLASS),
)
NEWER = {
    "url handle": "Handle",
    "description": "Body (HTML)",
    "published on online store": "Published",
    "sku": "Variant SKU",
    "barcode": "Variant Barcode",
    "price": "Variant Price",
    "compare-at price": "Variant Compare At Price",
    "inventory quantity": "Variant Inventory Qty",
    "weight value (grams)": "Variant Grams",
    "product image url": "Image Src",
    "variant image url": "Variant Image",
    "continue selling when out of stock": "Variant Inventory Policy",
    "requires shipping": "Variant Requires Shipping",
    "fulfillment service": "Variant Fulfillment Service",
    "charge tax": "Variant Taxable",
    "weight unit for display": "Variant Weight Unit",
}
KNOWN = {heading.lower(): heading for heading in HEADINGS} | NEWER
