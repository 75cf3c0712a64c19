"""The documentation is tested: its commands run, and what it lists is what the code has."""
