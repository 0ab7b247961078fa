"""Names of queries that have none."""

from hashlib import sha256


def name_query(dataset: object, *identity: object) -> str:
    """Data set and 16 hex digits of what tells the query from others: the same in every file that holds it."""
    told = "\0".join(str(part) for part in identity)
    return f"{dataset}-{sha256(told.encode(errors='surrogateescape')).hexdigest()[:16]}"
