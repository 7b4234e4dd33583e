"""Jobs, schedules and sensors: what runs without a hand."""
