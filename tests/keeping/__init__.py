"""What the sidecars do after forming: real servers, real names, real processes."""
