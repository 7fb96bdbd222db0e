"""Where raw rows come from: generators, files, folders, archives and URLs."""
