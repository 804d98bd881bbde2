"""The corridor: the chain that data walks, one thin file a stage. Only it and dagster_project know Dagster."""
