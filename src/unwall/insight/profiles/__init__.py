"""What is known of each member at each merchant: how often they buy, what they like, and whether they come back."""
