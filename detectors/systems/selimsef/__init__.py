"""The system selimsef (first of the DFDC 2020): seven networks of one architecture look at every face."""
