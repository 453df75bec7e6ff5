"""What can be set: one TOML file, checked whole, frozen, passed as arguments."""
