"""What the sidecar is told: the command line, the environment, and which pod this is."""
