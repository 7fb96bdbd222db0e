"""From bytes to records: where they lie, how they are packed and how they are written."""
