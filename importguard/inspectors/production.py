"""Complete the settings of a start with what production's own files say of the container."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from importguard.config import Config
from importguard.evidence.starts import StartSettings
from importguard.inspectors.inspected import Inspected
from importguard.source.deployment.model import Deployment, image_name, known_names
from importguard.source.deployment.reading import read_deployments
from importguard.source.paths import repository_of


def with_production(inspected: Sequence[Inspected]) -> list[Inspected]:
    """The same, where the settings leave open what a file of the repository says. A note names the file."""
    read: dict[str, list[Deployment]] = {}
    completed = []
    for one in inspected:
        if one.config.start is None:
            completed.append(one)
            continue
        root = repository_of(one.config)
        deployments = read[root] if root in read else read.setdefault(root, read_deployments(root))
        deployment = matching_deployment(one, deployments, root, alone=len(inspected) == 1)
        settled = _completed(one, one.config.start, deployment) if deployment else one
        completed.append(_in_its_directory(settled))
    return completed


def names_of_image(reference: str, config: Config) -> frozenset[str]:
    """What production's files may call the image."""
    build = config.build or config.origin
    tag = build.tag if build else None
    return known_names(config.name or "", image_name(reference), image_name(tag or ""))


def _in_its_directory(one: Inspected) -> Inspected:
    """The same with production's working directory, where the check has found modules of the image there."""
    workdir, modules = one.config.workdir, one.evidence.modules if one.evidence else ()
    if one.image is None or workdir is None:
        return one
    is_there = any((module.path or "").startswith(workdir.folder.rstrip("/") + "/") for module in modules)
    return one._replace(image=replace(one.image, workdir=workdir.folder)) if is_there else one


def matching_deployment(
    one: Inspected, deployments: Sequence[Deployment], root: str, alone: bool
) -> Optional[Deployment]:
    """The container that is this image with its own command: by its name or build context.

    One that says nothing is passed over. One that is called by variables only is it where it is the only one
    and the image is, too. None where several fit that differ: a guess would ask what production does not.
    """
    config = one.config
    deployments = [deployment for deployment in deployments if not deployment.is_silent]
    if config.commands and config.name:  # not the image's own: its name tells which container it is
        called = [each for each in deployments if config.name in each.names]
        return called[0] if len(called) == 1 else None
    own = [deployment for deployment in deployments if not deployment.has_command]
    build = config.build or config.origin
    names = names_of_image(one.reference, config)
    named = [deployment for deployment in own if not deployment.names.isdisjoint(names)]
    if not named and build is not None and os.path.isdir(build.context):
        folder = os.path.relpath(build.context, root).replace(os.sep, "/")
        named = [deployment for deployment in own if deployment.build == folder]
    if not named and alone and len(own) == 1 and not own[0].names:
        named = own
    # Cloud Run's files say more of production than a compose file does.
    chosen = [deployment for deployment in named if deployment.is_cloud_run] or named
    alike = {replace(deployment, place=chosen[0].place, names=frozenset()) for deployment in chosen}
    return chosen[0] if len(alike) == 1 else None


def _completed(one: Inspected, settings: StartSettings, deployment: Deployment) -> Inspected:
    known = settings.platform or ("cloud-run" if deployment.is_cloud_run else None)
    http, check, grpc = settings.http, settings.healthcheck, settings.grpc
    own_check = one.image is not None and one.image.healthcheck and known != "cloud-run"
    if http is None and not own_check and settings.port != "none":
        http = deployment.http or (() if deployment.accepts else None)
        check = deployment.command
        grpc = grpc or deployment.grpc
    port = settings.port or (str(deployment.port) if deployment.port else None)
    memory = settings.memory or deployment.memory
    seconds = deployment.seconds if settings.timeout is None else None
    start = replace(
        settings,
        platform=known,
        port=port,
        http=http,
        grpc=grpc,
        healthcheck=check,
        memory=memory,
        production_seconds=seconds,
    )
    if start == settings:
        return one
    told = [f"platform {known}"] if known != settings.platform else []
    told += [f"port {port}"] if port != settings.port else []
    told += [f"GET {request.path}" for request in http or ()] if http != settings.http else []
    told += ["its health check"] if check else []
    told += ["gRPC's health"] if grpc != settings.grpc else []
    told += [f"{(memory or 0) / 1024**2:.0f} MiB of memory"] if memory != settings.memory else []
    told += [f"{seconds:g} s to start"] if seconds is not None else []
    place = f"{deployment.place.path}:{deployment.place.line}"
    note = f"It is started and asked as {place} says: {', '.join(told) or 'its port has to accept'}."
    evidence = one.evidence and replace(one.evidence, notes=(*one.evidence.notes, note))
    return one._replace(config=replace(one.config, start=start), evidence=evidence)
