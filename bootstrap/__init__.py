"""Forms a Redis or Valkey Cluster on a StatefulSet, keeps it whole, and explains itself."""

__version__ = "0.1.0"
