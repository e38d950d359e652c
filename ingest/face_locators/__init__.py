"""Implementations of the face locator."""
