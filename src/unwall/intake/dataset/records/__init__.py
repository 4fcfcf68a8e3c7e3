"""The records of a data set, one struct for each file of it: reading, validation and writing all follow from these.

Described for people in docs/dataset.md. Ids are UUIDs and are kept by an import, so that what refers to a record still
finds it. Amounts are minor units of the merchant's currency, times carry a UTC offset, a field with a default may be
left out of a line, and a field that is not named here is an error.
"""
