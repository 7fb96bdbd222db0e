"""Everything that talks to MLflow: run ids are passed explicitly, nothing relies on an active run."""
