"""An init container for systems with stable names: first formation, or has the cluster run before.

It proves the answer, or waits and says for which pod, or refuses and says why.
"""
