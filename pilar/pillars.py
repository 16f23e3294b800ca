"""The six pillars, in the order in which the ministry lists them."""

PILLARS = ("governance", "branding", "economy", "living", "society", "environment")
