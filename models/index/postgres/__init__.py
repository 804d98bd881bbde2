"""PostgreSQL with pgvector (0.8 or newer, for iterative scans): indexes that several machines search.

Needs the extra `pgvector`.
"""

from models.index.postgres.products import PgVectorIndex

__all__ = ["PgVectorIndex"]
