"""The books: whether payments, earnings and access agree."""
