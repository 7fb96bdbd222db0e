"""The servers on this machine: start them, fill them, look at them."""
