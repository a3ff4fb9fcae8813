"""What a site keeps."""
