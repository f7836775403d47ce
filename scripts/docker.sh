#!/usr/bin/env bash
# docker.sh: finds a running Docker engine or, as root on Debian and Ubuntu, installs and starts one.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PACKAGES=(docker.io docker-cli docker-buildx iptables ca-certificates)
LOG=/var/log/importguard-dockerd.log

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

report() { say "using the Docker engine that is running ($(docker version --format '{{.Server.Version}}'))"; }

wait_until_it_answers() {
    local second
    for ((second = 0; second < 60; second++)); do
        if answers; then return; fi
        sleep 1
    done
    return 1
}

# A pid file outlives an engine that was killed, and its number may belong to another process by now: the
# engine would refuse to start.
remove_stale_pid_file() {
    local file="$1" program="$2" pid
    pid="$(cat "$file" 2>/dev/null || true)"
    # Nor does a zombie count, whose parent has not noticed: it has no executable.
    if [ "$(basename "$(readlink "/proc/${pid:-0}/exe")")" != "$program" ]; then rm -f "$file"; fi
}

engine_is_alive() { [ -s /var/run/docker.pid ]; }

start() {
    if [ -d /run/systemd/system ]; then
        say "starting the Docker engine with systemctl"
        systemctl start docker
        return
    fi
    remove_stale_pid_file /var/run/docker.pid dockerd
    remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
    if engine_is_alive; then
        say "a Docker engine is starting; waiting for it"
        return
    fi
    say "starting the Docker engine in the background (log: $LOG)"
    # 9 is the lock: the engine must not inherit it, or nobody else would ever get it.
    setsid nohup dockerd >"$LOG" 2>&1 </dev/null 9>&- &
}

install_and_start() {
    can_apt || die "no Docker engine answers" \
        "Start Docker (or set DOCKER_HOST to one that runs) and try again. As root on Debian or Ubuntu, this script does it."
    exec 9>/var/lock/importguard-docker.lock
    flock 9
    if answers; then return; fi
    if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then apt_install "${PACKAGES[@]}"; fi
    answers || start
    wait_until_it_answers && return
    tail -n 20 "$LOG" >&2 2>/dev/null || true
    die "the Docker engine was started but does not answer" "Its log is $LOG."
}

if ! answers; then
    if [ -n "${DOCKER_HOST:-}" ]; then
        die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST" "Correct DOCKER_HOST, or unset it."
    fi
    install_and_start
fi
report
# The builds use RUN --mount, which only BuildKit's client speaks.
if ! docker buildx version >/dev/null 2>&1 && can_apt; then apt_install docker-buildx; fi
