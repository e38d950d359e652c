"""Weights in, every figure of their card out."""
