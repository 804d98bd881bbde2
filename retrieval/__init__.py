"""A query to ranked hits: vectors, words, changes, filters, ranking. No torch, no HTTP."""
