"""The system ``wm`` (team \\WM/, second place of the DFDC): its networks, and its rules from frames to a score."""
