"""Bad input, and what becomes of it: a clear answer, and nothing is lost.

Each test starts `python -m bootstrap` as a process, against real servers and a real name server,
reads what a person would read, and compares every node before and after.
"""
