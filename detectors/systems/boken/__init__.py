"""The system boken (team Forensics, DeeperForensics Challenge 2020): three small networks look at the largest face."""
