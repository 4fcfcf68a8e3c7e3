"""Reports of posts, accounts, comments, reviews and messages, and what moderators decide about them."""
