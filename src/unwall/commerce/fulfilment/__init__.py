"""What one node does for one order: pick, make ready, hand over. Knows orders only as rows that it serves."""
