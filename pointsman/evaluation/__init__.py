"""How good routing is, on recorded answers: routers fitted on some queries and scored on others, without a fleet."""
