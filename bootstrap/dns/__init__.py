"""Where the pods are: questions to the name servers, and what their answers say."""
