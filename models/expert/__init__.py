"""The simple model of a product's category, on the same frozen inputs as the network."""
