"""Tests of `prepare`."""
