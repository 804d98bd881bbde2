"""Co-purchase neighbours refine the product vector; torch-geometric is imported where it is used."""
