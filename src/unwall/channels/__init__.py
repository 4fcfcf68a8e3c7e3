"""How people and programs reach us: pages for shoppers, merchants and store staff, and the API. Parse, ask, render."""
