"""What a product is and how it comes in: sources, snapshot, cleaning, media, text, splits, the sample."""
