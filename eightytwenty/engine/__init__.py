"""The rule engine: applies a table's rules to raw rows and accounts for every one of them."""
