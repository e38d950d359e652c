"""Labelled media of others in, located faces and examples out."""
