"""More shards, fewer shards, on real servers."""
