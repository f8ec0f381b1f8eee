"""Files that creators upload: recordings, captions and code, and what is made of them."""
