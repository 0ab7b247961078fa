"""One file per change, safe with the old code running."""
