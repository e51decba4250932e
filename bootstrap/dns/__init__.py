"""Finding pods by DNS: the questions to name servers, and what their answers say."""
