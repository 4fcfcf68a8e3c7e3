"""The console's pages about stock levels and nodes."""
