"""Who: merchants, their staff, shoppers as visitors and members, sessions, API keys."""
