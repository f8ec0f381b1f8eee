"""Uploaded media: recordings, captions, code archives, and their processing."""
