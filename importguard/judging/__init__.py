"""From evidence to the report on an image: ``image_report`` is the way in."""
