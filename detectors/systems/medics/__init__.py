"""The fifth place of the DFDC contest (TheMedics): seven networks over clips, one over pictures, and their rules."""
