"""The outside world, one system a module: each translates its errors and knows no other."""
