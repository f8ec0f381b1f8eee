"""Earnings of creators."""
