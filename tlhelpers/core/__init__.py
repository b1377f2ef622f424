"""What everything else stands on: errors, files, locks, progress, the machine."""
