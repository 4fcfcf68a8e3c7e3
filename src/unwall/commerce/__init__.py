"""Commerce: stock, sourcing, orders and fulfilment. Does not depend on content."""
