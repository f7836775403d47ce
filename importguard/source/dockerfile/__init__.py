"""A Dockerfile and its .dockerignore as the builder reads them: stages, COPY lines, what RUN installs."""
