"""What is published, and who follows."""
