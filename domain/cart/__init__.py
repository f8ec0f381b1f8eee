"""The cart and the wishlist: adding, merging and taking lines, and word of sales and of a waiting cart."""
