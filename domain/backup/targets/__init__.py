"""Backup targets: a folder or an S3 bucket, and the locks on them."""
