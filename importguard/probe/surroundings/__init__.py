"""What lies in the image around a failure, gathered from its files once the verdicts are known."""
