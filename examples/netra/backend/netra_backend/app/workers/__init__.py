"""What runs beside the web application."""
