"""A local StatefulSet: real servers and sidecars on 127.x addresses, for tests and demos.

One loopback address is one pod; every pod has the same client port and bus port. A restart on
another address imitates a pod that was given a new IP.

Linux only: there, every address of 127.0.0.0/8 is local, and a child can be told to die with
its parent.
"""
