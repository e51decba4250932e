"""The servers take the configuration that manifests/ gives them."""
