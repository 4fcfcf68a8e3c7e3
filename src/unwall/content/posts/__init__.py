"""What an account publishes: words, media, and products tagged in them."""
