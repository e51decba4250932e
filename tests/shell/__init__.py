"""The shell of the sidecar: what speaks to servers, to people and to the kubelet."""
