"""Speaking with one server: reading it, and sending it commands."""
