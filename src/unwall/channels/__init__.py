"""How people and programs reach us: pages for shoppers, merchants and store staff, and the JSON API. Parse, ask, render."""
