"""The console's pages about products, bundles and product files."""
