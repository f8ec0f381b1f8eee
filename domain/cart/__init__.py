"""What somebody means to buy: the cart, and the wishlist."""
