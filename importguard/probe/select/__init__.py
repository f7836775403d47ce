"""Which modules are imported: the application's, by the import path of its start command."""
