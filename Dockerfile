# importguard's own image, for pipelines whose steps are containers:
#   docker build -t importguard .
#   docker run --rm -v /var/run/docker.sock:/var/run/docker.sock importguard check my-app:staging
# It has neither git, which finds causes in .gitignore and in the history, nor a docker command: --build is the daemon's
# classic builder there. An image FROM this one may install both.
#
# Any user will do: with --user 65534 --group-add "$(stat -c %g /var/run/docker.sock)" it is not root. It is where
# nothing else is said, since Cloud Build's socket and workspace are root's and its steps can't name a user.
#
# With bubblewrap, it checks archives and images of registries without a socket, where the container may make user
# namespaces: in Cloud Build, and with --security-opt seccomp=unconfined --security-opt systempaths=unconfined.
ARG BASE=python:3.13.7-slim-trixie

FROM ${BASE} AS build
WORKDIR /build
COPY . .
RUN python3 -m venv --without-pip /opt/importguard \
    && python3 -m pip --python /opt/importguard/bin/python install \
        --no-cache-dir --disable-pip-version-check --root-user-action=ignore --constraint constraints.txt .

FROM ${BASE}
# A base that has it needs no package.
RUN command -v bwrap > /dev/null \
    || (apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*)
COPY --from=build /opt/importguard /opt/importguard
ENV PATH=/opt/importguard/bin:$PATH PYTHONDONTWRITEBYTECODE=1
WORKDIR /workspace
ENTRYPOINT ["importguard"]
CMD ["--help"]
