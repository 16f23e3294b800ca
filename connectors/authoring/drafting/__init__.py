"""A first source file from a live endpoint or a sample file, for a person to finish."""
