"""Product recommendations: item-to-item transitions learned from the journal, and popularity for new visitors."""
