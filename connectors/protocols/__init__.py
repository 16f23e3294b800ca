"""One module per way of speaking to an agency's system."""
