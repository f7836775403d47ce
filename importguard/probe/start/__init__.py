"""What the start command starts: its words, the programs that they name, the Python that runs them."""
