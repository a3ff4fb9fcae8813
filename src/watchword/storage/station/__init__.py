"""What a station keeps."""
