"""What shoppers and stores write to each other."""
