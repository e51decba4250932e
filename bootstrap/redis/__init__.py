"""What one server says, and what it is told."""
