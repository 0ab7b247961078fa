"""Fine-tuning the encoder on domains, in torch; a tuned one is adopted only where heads predict better from it."""
