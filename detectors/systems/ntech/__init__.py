"""The system ntech (NTech-Lab): three EfficientNet-B7 over face tracks, one of them over seven frames at a time."""
