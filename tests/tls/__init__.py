"""Servers that speak nothing but TLS, on both of their ports."""
