"""Whole formations: real servers, real DNS, real sidecars."""
