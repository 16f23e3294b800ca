"""From an agency's system to a landed, checked batch."""
