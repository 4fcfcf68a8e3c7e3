"""The console's pages about reports and guaranteed products."""
