"""The records of a data set, one struct for each file of it: reading, validation and writing all follow from these.

The format is documented in docs/dataset.md. Ids are UUIDs; an import keeps them, so that references stay valid. Amounts
are minor units of the merchant's currency, times carry a UTC offset, a field with a default may be left out of a line,
and a field that is not named here is an error.
"""
