"""A release's rows in PostgreSQL with pgvector (0.8 or newer, for iterative scans), for several services.

Needs the extra `pgvector`.
"""

from retrieval.vectors.postgres.rows import PgRowIndex, Place

__all__ = ["PgRowIndex", "Place"]
