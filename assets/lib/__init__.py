"""What the stages share: the decorator, records, checks, the shop, DVC."""
