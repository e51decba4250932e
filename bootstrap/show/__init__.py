"""What people and programs are told: HTTP, metrics, a dry run, `status`, the log's words."""
