"""One folder per deployable; they never import each other."""
