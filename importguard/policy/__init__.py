"""What the team decided about findings: the configuration file, severities, ignores and the baseline."""
