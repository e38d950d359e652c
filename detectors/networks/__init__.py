"""The networks that detectors are made of; each file holds one architecture and nothing about data."""
