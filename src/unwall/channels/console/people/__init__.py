"""The console's pages about staff: signing in, passwords, roles and what their browsers are told."""
