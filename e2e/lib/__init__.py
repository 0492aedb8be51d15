"""What the e2e cases are written with."""
