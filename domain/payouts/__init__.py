"""What creators earned."""
