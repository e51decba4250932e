"""What we are told: the command line, the environment, and which pod this is."""
