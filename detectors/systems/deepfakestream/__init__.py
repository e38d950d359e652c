"""The system DeepfakeStream (detector ``srm``): its networks, and its rules from frames to a score."""
