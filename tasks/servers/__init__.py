"""The servers on this machine: starting them, registering deployments, showing their state."""
