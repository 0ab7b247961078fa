"""First heads, from recorded answers; the fitting itself is the trainer's (services.trainer.fitting)."""
