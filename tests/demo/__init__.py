"""`scripts/demo`: a StatefulSet on this machine forms its cluster while a person looks on."""
