"""From a video file to faces: decoding, shots, detection, embedding, tracks. No services."""
