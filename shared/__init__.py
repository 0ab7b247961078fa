"""What two or more services need; nothing here imports a service."""
