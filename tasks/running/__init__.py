"""What every run needs: allowed paths, stages, an owner, progress, artifacts, retries and failures."""
