"""What every run needs: its paths, its stages, its owner, and how it fails."""
