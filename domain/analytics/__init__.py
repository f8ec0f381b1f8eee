"""Daily counts, and the numbers that creators read in them."""
