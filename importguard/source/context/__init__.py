"""What the build context leaves out of the image, and who imports it: ``importguard context``."""
