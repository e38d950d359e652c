"""Genuine faces in, manipulated ones out: the families of manipulation that pairs are made of."""
