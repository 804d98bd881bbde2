"""The corridor: the chain that data walks, a thin file a stage. Only it and dagster_project know Dagster."""
