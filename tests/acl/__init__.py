"""A user with the least rights, and passwords that change."""
