"""The catalogue as a file, in Shopify's product-CSV layout.

A product has as many rows as it has variants or pictures, whichever are more: the first row of a Handle has the
product's fields, and the n-th row its n-th variant and n-th picture. Headings are accepted by their old names and by
those of Shopify's newer files. A missing column leaves the field as it is; an empty cell in an existing column clears
it. Source: help.shopify.com/en/manual/products/import-export/using-csv, "Product CSV file description".
"""
