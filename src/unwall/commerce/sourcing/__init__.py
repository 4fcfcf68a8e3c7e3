"""From where, by when and for how much: the promise to a shopper, and the cheapest plan behind it."""
