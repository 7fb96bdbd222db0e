"""Pictures as raw data: generators, sources (folder, zip, tar) and their attribute files."""
