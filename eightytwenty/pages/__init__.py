"""The reports and pages of a cleaning, for people."""
