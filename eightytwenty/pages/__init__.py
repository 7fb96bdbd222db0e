"""What a person reads of a cleaning."""
