"""What an order costs: prices, reductions, taxes and delivery, by one pure function (`quotes.quote`)."""
