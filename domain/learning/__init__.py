"""Access to courses and progress through them."""
