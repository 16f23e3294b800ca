"""What agencies answer: the workbooks that ask them, and what became of those that they sent back."""
