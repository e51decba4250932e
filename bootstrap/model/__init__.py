"""What is seen, what should be, and what can be done: values only, without I/O."""
