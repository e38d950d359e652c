"""The read side: verdict events go into a read model, and pages show it to people."""
