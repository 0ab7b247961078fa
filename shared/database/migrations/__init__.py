"""How the schema came to be; migrate.py runs this, no ini file needed."""
