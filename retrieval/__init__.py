"""Search ranking: words and vectors fused, filters, facets, pages and merchandising rules."""
