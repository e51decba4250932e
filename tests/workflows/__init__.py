"""What no linter says of .github/, and what of it the repository has to bear out."""
