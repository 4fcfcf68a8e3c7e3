"""What a person may want next: transitions between items learned from the journal, popularity for newcomers."""
