"""One file per detector: each has a function `make` that the registry names."""
