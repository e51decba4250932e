"""Discovery against real name servers: every packet is real, and most of the time is not."""
