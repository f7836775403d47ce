"""What runs inside the image: standard library only, Python 3.7 syntax, sent whole (see ``supervisor``)."""
