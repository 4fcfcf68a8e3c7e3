"""The console's pages about reports and pinned products."""
