"""What is sold: products, variants, prices, categories, images, bundles, search, and the catalogue as a file."""
