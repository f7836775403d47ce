"""What reports share: sentences, a finding as lines, where it is shown, what a rule means."""
