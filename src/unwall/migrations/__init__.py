"""Plain SQL, forward only: a file that has landed is never changed."""
