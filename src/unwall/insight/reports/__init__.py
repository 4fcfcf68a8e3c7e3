"""The figures of posts by day, counted from the journal as it arrives."""
