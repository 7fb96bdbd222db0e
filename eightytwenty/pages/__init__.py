"""What people read about a cleaning: reports and pages."""
