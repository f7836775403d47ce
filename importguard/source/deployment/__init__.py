"""How production's own files start a container and ask whether it is well."""
