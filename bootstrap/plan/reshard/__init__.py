"""More shards, fewer shards: which slots are to move, who gets them, and who may go."""
