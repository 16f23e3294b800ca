"""What is done with pages that were kept: replay, rebuild, trace, other keys, removal."""
