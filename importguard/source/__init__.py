"""The source of an image: build context, .dockerignore, Dockerfile, requirements, git."""
