"""What a shop does with vectors: search ranking."""
