"""The console's pages about posts."""
