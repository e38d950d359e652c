"""What runs Telltale elsewhere: images, compose, observability, published schemas. Not part of the wheel."""
