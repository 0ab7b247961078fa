"""What training queries are about: tags of a tagger, grouped into domains (method 1.1). Nothing of it serves."""
