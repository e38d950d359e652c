"""The system eighteen (RobustForensics): eleven networks over face tubes, two of three votes with the pictures."""
