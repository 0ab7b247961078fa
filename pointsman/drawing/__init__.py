"""Self-contained pages of words, tables and pictures, for people to read."""
