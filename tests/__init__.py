"""The tests, and the local StatefulSet they run on."""
