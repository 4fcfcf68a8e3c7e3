"""The console's pages about orders."""
