"""What people and programs are told: HTTP, metrics, the dry run, `status`, the log's words."""
