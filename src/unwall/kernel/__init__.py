"""What every other package needs: database, batching, money, ids, clock, geo, files, jobs, translations.

Knows nothing of commerce.
"""
