"""Looking at servers, at DNS and at our own volume. Nothing here decides."""
