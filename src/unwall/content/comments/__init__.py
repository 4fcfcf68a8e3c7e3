"""Comments below posts, two levels deep, and how many each post has."""
