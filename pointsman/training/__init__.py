"""Fitting heads from recorded answers. Nothing here is imported by a serving process."""
