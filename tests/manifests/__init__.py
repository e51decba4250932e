"""What is said of manifests/ without a cluster: rendered, validated, and held against the code."""
