"""PostgreSQL with pgvector (0.8 or newer, for iterative scans): indexes that several machines search.

Needs the extra `pgvector`.
"""

from retrieval.vectors.postgres.products import PgVectorIndex
from retrieval.vectors.postgres.rows import PgRowIndex, Place

__all__ = ["PgRowIndex", "PgVectorIndex", "Place"]
