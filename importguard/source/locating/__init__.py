"""Find what an image was built from: its source tree, its Dockerfile, the stage and the build context."""
