"""The ground: database, batching, money, ids, clock, places, files, jobs and words. Knows nothing of commerce."""
